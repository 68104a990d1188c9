"""JSONata as Step Functions evaluates it.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from vmie_local.clock import Clock
from vmie_local.workflows.errors import QUERY_EVALUATION, StateError

_EXPRESSION = re.compile(r"\{%(.*)%\}", re.DOTALL)
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_MOST_RANGE = 1000


class Expressions:
    """Evaluates templates: JSON documents whose strings may be `{% expressions %}`."""

    def __init__(self, clock: Clock) -> None:
        """Let `$now()` and `$millis()` read this clock."""
        self._clock = clock

    def render(self, template: Any, bindings: Mapping[str, Any], field: str) -> Any:
        """Replace every expression in a document by its value.

        Args:
            template: A field's value as the definition has it.
            bindings: The variables by name, `states` among them.
            field: Where the template stands, for error messages: `Output`, `Arguments/Payload`, …

        Raises:
            StateError: `States.QueryEvaluationError`.
        """
        if isinstance(template, str):
            found = expression_in(template)
            return template if found is None else self.evaluate(found, bindings, field)
        if isinstance(template, dict):
            return {key: self.render(value, bindings, f"{field}/{key}") for key, value in template.items()}
        if isinstance(template, list):
            return [self.render(value, bindings, f"{field}[{n}]") for n, value in enumerate(template)]
        return template

    def evaluate(self, expression: str, bindings: Mapping[str, Any], field: str) -> Any:
        """The value of one expression.

        Raises:
            StateError: `States.QueryEvaluationError`.
        """
        try:
            compiled = Jsonata(expression)
            compiled.set_output_convert_nulls(False)
            compiled.set_validate_input(False)
            _bind_functions(compiled, self._clock)
            value = compiled.evaluate(None, bindings)
        except Exception as error:
            # The library reports what JSONata calls errors as JException, and some as Python's own.
            raise _failure(
                expression, field, f"threw an error during evaluation. {_reason(error)}"
            ) from error
        if value is None:
            raise _failure(expression, field, "returned nothing (undefined).")
        return _plain(value, expression, field)


def expression_in(text: str) -> str | None:
    """The expression between `{%` and `%}`, or None if the text is none."""
    found = _EXPRESSION.fullmatch(text)
    return found.group(1).strip() if found else None


def syntax_error(expression: str) -> str | None:
    """What is wrong with an expression's syntax, or None."""
    try:
        compiled = Jsonata(expression)
    except Exception as error:  # noqa: BLE001 - as in evaluate
        return _reason(error)
    return "; ".join(map(_reason, compiled.get_errors() or [])) or None


def _failure(expression: str, field: str, what: str) -> StateError:
    return StateError(
        QUERY_EVALUATION, f"The JSONata expression '{expression}' specified for the field '{field}' {what}"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, JException):
        return f"{error.get_error()}: {error}" if error.get_error() else str(error)
    return f"{type(error).__name__}: {error}"


def _plain(value: Any, expression: str, field: str) -> Any:
    """JSON values only; whole numbers without a decimal point, as Step Functions prints them."""
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _failure(expression, field, "returned a number out of range.")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, expression, field) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item, expression, field) for item in value]
    raise _failure(expression, field, "returned an unsupported result type.")


def _bind_functions(compiled: Jsonata, clock: Clock) -> None:
    """Functions that Step Functions adds, and the clock."""
    millis = int(clock.now() * 1000)
    functions: dict[str, Callable[..., Any]] = {
        "millis": lambda: millis,
        "now": lambda picture=None, zone=None: _now(millis, picture, zone),
        "uuid": lambda: str(uuid.uuid4()),
        "random": _random,
        "hash": _hash,
        "parse": lambda text=None: None if text is None else json.loads(text),
        "partition": _partition,
        "range": _range,
        "eval": _no_eval,
    }
    for name, function in functions.items():
        compiled.register_lambda(name, function)


def _now(millis: int, picture: str | None, zone: str | None) -> Any:
    formatted = Jsonata("$fromMillis($at, $picture, $zone)")
    return formatted.evaluate(None, {"at": millis, "picture": picture, "zone": zone})


def _random(seed: int | None = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()  # noqa: S311 - JSONata's $random


def _hash(content: str | None = None, algorithm: str = "SHA-256") -> str | None:
    if content is None:
        return None
    if algorithm not in _HASHES:
        raise ValueError(f"$hash knows {', '.join(_HASHES)}, not {algorithm}.")
    return hashlib.new(_HASHES[algorithm], content.encode()).hexdigest()


def _partition(array: list[Any] | None = None, size: float = 1) -> list[list[Any]] | None:
    if array is None:
        return None
    if size < 1:
        raise ValueError("$partition needs a size of at least 1.")
    step = int(size)
    return [list(array[start : start + step]) for start in range(0, len(array), step)]


def _range(first: float, last: float, step: float = 1) -> list[float]:
    if step == 0:
        raise ValueError("$range needs a step other than 0.")
    count = int((last - first) / step) + 1
    if count > _MOST_RANGE:
        raise ValueError(f"$range makes at most {_MOST_RANGE} numbers.")
    return [first + n * step for n in range(max(0, count))]


def _no_eval(*_: Any) -> None:
    raise ValueError("Step Functions does not offer $eval; use $parse for JSON.")
