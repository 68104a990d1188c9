"""State machine definitions: the Amazon States Language with JSONata, checked before they run.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vmie_local.workflows.expressions import expression_in, syntax_error
from vmie_local.workflows.resources import ResourceError, read_resource

_EVERY = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End"}
_FAILING = {"Retry", "Catch"}
_FIELDS: dict[str, set[str]] = {
    "Pass": _FLOW | {"Output", "Assign"},
    "Succeed": {"Output"},
    "Fail": {"Error", "Cause"},
    "Wait": _FLOW | {"Seconds", "Timestamp", "Output", "Assign"},
    "Choice": {"Choices", "Default", "Output", "Assign"},
    "Task": _FLOW
    | _FAILING
    | {"Resource", "Arguments", "Output", "Assign", "TimeoutSeconds", "HeartbeatSeconds"},
    "Parallel": _FLOW | _FAILING | {"Branches", "Arguments", "Output", "Assign"},
    "Map": _FLOW
    | _FAILING
    | {"Items", "ItemSelector", "ItemProcessor", "MaxConcurrency", "Output", "Assign"},
}
_REQUIRED = {
    "Choice": ("Choices",),
    "Task": ("Resource",),
    "Parallel": ("Branches",),
    "Map": ("ItemProcessor",),
}
_MACHINE = {"StartAt", "States", "Comment", "QueryLanguage", "TimeoutSeconds", "Version", "ProcessorConfig"}
_RETRIER = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
}
_CATCHER = {"ErrorEquals", "Next", "Assign", "Output"}
_MOST_NAME = 80


class InvalidDefinitionError(ValueError):
    """A definition that cannot be executed.

    Attributes:
        problems: What is wrong, each with its place, such as `/States/Start import/Next`.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_definition(source: str) -> dict[str, Any]:
    """The definition as a document.

    Raises:
        InvalidDefinitionError: If it is no valid JSONata state machine.
    """
    try:
        document = json.loads(source)
    except ValueError as error:
        raise InvalidDefinitionError([f"INVALID_JSON_DESCRIPTION: {error}"]) from error
    if not isinstance(document, dict):
        raise InvalidDefinitionError(["SCHEMA_VALIDATION_FAILED: The definition must be an object at /"])
    language = document.get("QueryLanguage", "JSONPath")
    problems = [
        f"SCHEMA_VALIDATION_FAILED: {what} at {where}" for what, where in _machine(document, "", language)
    ]
    if problems:
        raise InvalidDefinitionError(problems)
    return document


Problems = Iterator[tuple[str, str]]


def _machine(
    machine: dict[str, Any], at: str, language: str, outer: frozenset[str] = frozenset()
) -> Problems:
    """Problems of a machine inside a scope that has the variables `outer`."""
    yield from _unknown(machine, _MACHINE, at)
    timeout = machine.get("TimeoutSeconds", 1)
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout < 1:
        yield "The field 'TimeoutSeconds' must be a positive integer", f"{at}/TimeoutSeconds"
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield "The field 'States' is required and must hold at least one state", f"{at}/States"
        return
    start = machine.get("StartAt")
    if start not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: {start}", f"{at}/StartAt"
    assigned = {name for state in states.values() for _, fields in _assigning(state) for name in fields}
    for name, state in states.items():
        place = f"{at}/States/{name}"
        yield from _variables(state, place, outer)
        if len(name) > _MOST_NAME:
            yield f"State names have at most {_MOST_NAME} characters", place
        yield from _state(state, place, states, language)
        yield from _nested(state, place, language, outer | assigned)
    reached = _reachable(start, states) if start in states else set(states)
    for name in states.keys() - reached:
        yield f"MISSING_TRANSITION_TARGET: State '{name}' is not reachable", f"{at}/States/{name}"


def _state(state: dict[str, Any], at: str, states: dict[str, Any], language: str) -> Problems:
    kind = state.get("Type")
    if kind not in _FIELDS:
        yield f"'{kind}' is no type of state; known are {', '.join(_FIELDS)}", f"{at}/Type"
        return
    if state.get("QueryLanguage", language) != "JSONata":
        yield (
            'The local AWS executes JSONata only: set "QueryLanguage": "JSONata" and use Arguments, Output, '
            "Assign and Condition instead of JSONPath fields",
            f"{at}/QueryLanguage",
        )
        return
    yield from _unknown(state, _FIELDS[kind] | _EVERY, at)
    for name in _REQUIRED.get(kind, ()):
        if not state.get(name):
            yield f"The field '{name}' is required", at
    if "Next" in _FIELDS[kind] and ("Next" in state) == (state.get("End") is True):
        yield "A state needs either 'Next' or 'End'", at
    for place, target in _targets(state):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target}", f"{at}{place}"
    yield from _failing(state, at)
    yield from _expressions(state, at)
    if kind == "Task":
        yield from _resource(state, at)
    if kind == "Wait" and ("Seconds" in state) == ("Timestamp" in state):
        yield "A Wait state needs either 'Seconds' or 'Timestamp'", at
    if kind == "Choice":
        for number, rule in enumerate(state.get("Choices") or ()):
            if "Condition" not in rule or "Next" not in rule:
                yield "A choice rule needs 'Condition' and 'Next'", f"{at}/Choices[{number}]"


def _nested(state: dict[str, Any], at: str, language: str, outer: frozenset[str]) -> Problems:
    language = state.get("QueryLanguage", language)
    for number, branch in enumerate(state.get("Branches") or ()) if state.get("Type") == "Parallel" else ():
        yield from _machine(branch, f"{at}/Branches[{number}]", language, outer)
    if state.get("Type") == "Map" and state.get("ItemProcessor"):
        processor = state["ItemProcessor"]
        mode = (processor.get("ProcessorConfig") or {}).get("Mode", "INLINE")
        if mode != "INLINE":
            yield (
                f"The local AWS executes inline maps only, not {mode}",
                f"{at}/ItemProcessor/ProcessorConfig",
            )
        yield from _machine(processor, f"{at}/ItemProcessor", language, outer)


def _variables(state: dict[str, Any], at: str, outer: frozenset[str]) -> Problems:
    for place, fields in _assigning(state):
        for name in fields:
            if name == "states" or not name.isidentifier() or len(name) > _MOST_NAME:
                yield f"'{name}' is no name for a variable", f"{at}{place}"
            if name in outer:
                yield (
                    f"The variable '{name}' belongs to an outer scope",
                    f"{at}{place}",
                )
    if not isinstance(state.get("Assign", {}), dict):
        yield "The field 'Assign' must be an object", f"{at}/Assign"


def _assigning(state: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every `Assign` of a state with its place."""
    places = [("", state)]
    for name in ("Choices", "Catch"):
        places += [(f"/{name}[{number}]", entry) for number, entry in enumerate(state.get(name) or ())]
    for place, fields in places:
        if isinstance(fields.get("Assign"), dict):
            yield f"{place}/Assign", fields["Assign"]


def _failing(state: dict[str, Any], at: str) -> Problems:
    for name, known in (("Retry", _RETRIER), ("Catch", _CATCHER)):
        for number, entry in enumerate(state.get(name) or ()):
            place = f"{at}/{name}[{number}]"
            yield from _unknown(entry, known, place)
            names = entry.get("ErrorEquals")
            if not isinstance(names, list) or not names:
                yield "The field 'ErrorEquals' must name at least one error", f"{place}/ErrorEquals"
            elif "States.ALL" in names and (len(names) > 1 or number < len(state[name]) - 1):
                yield "States.ALL must stand alone, and last", f"{place}/ErrorEquals"


def _resource(state: dict[str, Any], at: str) -> Problems:
    try:
        read_resource(str(state.get("Resource")))
    except ResourceError as error:
        yield str(error), f"{at}/Resource"
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        yield "'HeartbeatSeconds' must be less than 'TimeoutSeconds'", f"{at}/HeartbeatSeconds"


def _expressions(value: Any, at: str) -> Problems:
    """Syntax errors of JSONata in a state, but not in the states inside it."""
    if isinstance(value, str):
        expression = expression_in(value)
        if expression is not None and (wrong := syntax_error(expression)):
            yield f"The JSONata expression is not valid: {wrong}", at
        elif expression is None and value.startswith("{%"):
            yield "A JSONata expression must end with %}", at
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in ("Branches", "ItemProcessor"):
                yield from _expressions(item, f"{at}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _expressions(item, f"{at}[{number}]")


def _unknown(document: dict[str, Any], known: set[str], at: str) -> Problems:
    for name in document.keys() - known:
        yield f"The field '{name}' is not supported", f"{at}/{name}"


def _targets(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("Next", "Default"):
        if name in state:
            yield f"/{name}", state[name]
    for name in ("Choices", "Catch"):
        for number, entry in enumerate(state.get(name) or ()):
            yield f"/{name}[{number}]/Next", entry.get("Next")


def _reachable(start: Any, states: dict[str, Any]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting += [target for _, target in _targets(states[name])]
    return reached
