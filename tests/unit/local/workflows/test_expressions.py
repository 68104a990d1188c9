from __future__ import annotations

import math
import re
from typing import Any

import pytest

from vmie_local.clock import Clock
from vmie_local.workflows.errors import StateError
from vmie_local.workflows.expressions import Expressions, expression_in, syntax_error

SEEN = {
    "states": {"input": {"n": 3, "none": None, "list": [1, 2, 3], "text": 'a "quoted" \\ text'}},
    "total": 6,
}


def value(expression: str, bindings: dict[str, Any] | None = None) -> Any:
    return Expressions(Clock()).evaluate(expression, bindings or SEEN, "Output")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$states.input.n + $total", 9),
        ("$states.input.text", 'a "quoted" \\ text'),
        ("$states.input.none", None),
        ("$exists($states.input.none)", True),
        ("$exists($states.input.nothing)", False),
        ("{'a': $states.input.none, 'b': $states.input.nothing}", {"a": None}),
        ("$states.input.list[$ > 1]", [2, 3]),
        ("$map($states.input.list, function($v) { $v * 2 })", [2, 4, 6]),
        ("$merge([$states.input, {'n': 4}]).n", 4),
        ("10 / 2", 5),
        ("10 / 4", 2.5),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(1, 7, 3)", [1, 4, 7]),
        ("$range(5, 1, -2)", [5, 3, 1]),
        ("$hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("$random(7) = $random(7)", True),
        ("$toMillis('2026-11-20T10:00:00.000Z')", 1795168800000),
    ],
)
def test_value(expression: str, expected: Any) -> None:
    assert value(expression) == expected


def test_whole_numbers_have_no_decimal_point() -> None:
    assert isinstance(value("10 / 2"), int)


def test_uuids_are_random_uuids() -> None:
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", value("$uuid()")
    )
    assert value("$uuid()") != value("$uuid()")


def test_time_is_the_scaled_clock() -> None:
    class Tomorrow(Clock):
        def now(self) -> float:
            return 1795255200.5

    expressions = Expressions(Tomorrow())
    assert expressions.evaluate("$millis()", {}, "Output") == 1795255200500
    assert expressions.evaluate("$now()", {}, "Output") == "2026-11-21T10:00:00.500Z"
    assert expressions.evaluate("$now('[Y0001]-[M01]-[D01]')", {}, "Output") == "2026-11-21"


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("$states.input.nothing", "returned nothing"),
        ("$states.input.text + 1", "threw an error"),
        ("$error('our own words')", "our own words"),
        ("$sum", "unsupported result type"),
        ("$hash('a', 'CRC')", "SHA-256"),
        ("$eval('1')", "$parse"),
        ("$parse('{')", "threw an error"),
        ("1 +", "threw an error"),
    ],
)
def test_failures_name_the_expression_and_the_field(expression: str, told: str) -> None:
    with pytest.raises(StateError) as raised:
        Expressions(Clock()).render({"a": [f"{{% {expression} %}}"]}, SEEN, "Output")
    assert raised.value.error == "States.QueryEvaluationError"
    assert f"'{expression}'" in str(raised.value.cause)
    assert "'Output/a[0]'" in str(raised.value.cause)
    assert told in str(raised.value.cause)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(StateError):
        value("$x", {"x": math.inf})


def test_only_whole_strings_are_expressions() -> None:
    template = {"a": "{% $total %}", "b": "text {% $total %}", "c": [1, None, True, "{%$total%}"]}
    rendered = Expressions(Clock()).render(template, SEEN, "Output")
    assert rendered == {"a": 6, "b": "text {% $total %}", "c": [1, None, True, 6]}


def test_expressions_may_have_several_lines() -> None:
    assert expression_in("{%\n  $a +\n  1\n%}") == "$a +\n  1"
    assert expression_in("{% $a") is None


def test_syntax_errors_are_found_without_data() -> None:
    assert syntax_error("$states.input.a") is None
    assert syntax_error("$states.input.(") is not None
