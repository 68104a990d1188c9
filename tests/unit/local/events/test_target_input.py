from __future__ import annotations

import json
from typing import Any

import pytest

from vmie_local.events.target_input import target_input

EVENT: dict[str, Any] = {
    "id": "e-1",
    "source": "aws.s3",
    "time": "2026-11-20T10:00:00Z",
    "resources": ["arn:aws:s3:::bucket"],
    "detail": {"object": {"key": 'a "quoted" key', "version-id": "v1", "size": 5}, "tags": ["x"]},
}
RULE = "arn:aws:events:us-east-1:123456789012:rule/uploads"


def rendered(target: dict[str, Any]) -> str:
    return target_input(target, EVENT, RULE, "2026-11-20T10:00:01.000Z")


def transformed(template: str, **paths: str) -> str:
    return rendered({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}})


def test_without_input_the_event_itself_is_sent() -> None:
    assert json.loads(rendered({})) == EVENT


def test_a_constant_replaces_the_event() -> None:
    assert rendered({"Input": '{"a": 1}'}) == '{"a": 1}'


def test_a_path_selects_a_part() -> None:
    assert json.loads(rendered({"InputPath": "$.detail.object"})) == EVENT["detail"]["object"]


@pytest.mark.parametrize(
    ("path", "value"),
    [("$.detail.object.version-id", "v1"), ("$.detail.tags[0]", "x"), ("$.detail['object'].size", 5)],
)
def test_paths_take_dashes_indexes_and_quotes(path: str, value: Any) -> None:
    assert json.loads(transformed('{"v": <v>}', v=path)) == {"v": value}


def test_values_outside_strings_become_json() -> None:
    text = transformed(
        '{"object": <object>, "size": <size>}', object="$.detail.object", size="$.detail.object.size"
    )
    assert json.loads(text) == {"object": EVENT["detail"]["object"], "size": 5}


def test_values_inside_strings_are_escaped() -> None:
    assert json.loads(transformed('{"text": "key <key>!"}', key="$.detail.object.key")) == {
        "text": 'key a "quoted" key!'
    }


def test_a_plain_text_template_gets_plain_text() -> None:
    assert transformed("Uploaded <key>", key="$.detail.object.key") == 'Uploaded a "quoted" key'


def test_a_quoted_text_template_stays_quoted() -> None:
    assert transformed('"Uploaded <size> bytes"', size="$.detail.object.size") == '"Uploaded 5 bytes"'


def test_a_missing_path_leaves_nothing() -> None:
    assert json.loads(transformed('{"a": "<no>", "b": <no>}', no="$.detail.nothing")) == {"a": "", "b": ""}


def test_reserved_names_are_known() -> None:
    text = transformed(
        '{"rule": <aws.events.rule-name>, "arn": "<aws.events.rule-arn>", "event": <aws.events.event.json>,'
        ' "outer": <aws.events.event>, "at": <aws.events.event.ingestion-time>}'
    )
    assert json.loads(text) == {
        "rule": "uploads",
        "arn": RULE,
        "event": EVENT,
        "outer": {name: value for name, value in EVENT.items() if name != "detail"},
        "at": "2026-11-20T10:00:01.000Z",
    }


def test_an_unknown_placeholder_stays() -> None:
    assert transformed("a <b> c") == "a <b> c"


@pytest.mark.parametrize("path", ["detail.object", "$.detail[*]", "$..key"])
def test_other_json_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        rendered({"InputPath": path})
