"""What a target receives: the event, a constant, a part of the event, or a template filled from it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from typing import Any

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_MISSING = object()


def target_input(target: dict[str, Any], event: dict[str, Any], rule_arn: str, now: str) -> str:
    """The text that is sent to a target.

    Args:
        target: The target as `PutTargets` took it.
        event: The matched event.
        rule_arn: For `<aws.events.rule-arn>` and `<aws.events.rule-name>`.
        now: The ingestion time, for `<aws.events.event.ingestion-time>`.

    Raises:
        ValueError: If a path is no path of names and indexes.
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = at_path(event, target["InputPath"])
        return json.dumps({} if found is _MISSING else found)
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        values = {
            name: at_path(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()
        }
        values |= {
            "aws.events.rule-arn": rule_arn,
            "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
            "aws.events.event.ingestion-time": now,
            "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
            "aws.events.event.json": event,
        }
        return fill(transformer["InputTemplate"], values)
    return json.dumps(event)


def at_path(document: Any, path: str) -> Any:
    """The value at a path such as `$.detail.object.version-id` or `$.resources[0]`.

    Returns:
        The value; a private marker if there is none, which `fill` turns into an empty text or null.
    """
    if not path.startswith("$"):
        raise ValueError(f"{path} is no JSON path: it must begin with $.")
    rest = path[1:]
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise ValueError(f"EventBridge takes paths of names and indexes only, not {path}.")
        name, index, quoted = step.groups()
        if index is not None:
            known = isinstance(document, list) and int(index) < len(document)
            document = document[int(index)] if known else _MISSING
        else:
            document = document.get(name or quoted, _MISSING) if isinstance(document, dict) else _MISSING
        rest = rest[step.end() :]
    return document


def fill(template: str, values: dict[str, Any]) -> str:
    """Put values in the place of `<placeholders>`.

    Inside quotation marks a value becomes text, outside it becomes JSON; any other template gets texts.
    """
    bare_text = template.lstrip()[:1] not in ('"', "{", "[", "<")
    parts: list[str] = []
    position, inside = 0, False
    for found in _PLACEHOLDER.finditer(template):
        before = template[position : found.start()]
        inside ^= _unescaped_quotes(before) % 2 == 1
        parts.append(before)
        name = found.group(1)
        if name in values:
            parts.append(_rendered(values[name], inside, bare_text))
        else:
            parts.append(found.group(0))
        position = found.end()
    parts.append(template[position:])
    return "".join(parts)


def _rendered(value: Any, inside_string: bool, bare_text: bool) -> str:
    if value is _MISSING:
        return "" if inside_string or bare_text else '""'
    if inside_string:
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]
    if bare_text and isinstance(value, str):
        return value
    return json.dumps(value)


def _unescaped_quotes(text: str) -> int:
    return len(re.findall(r'(?<!\\)"', text))
