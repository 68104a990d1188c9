"""The interpreter: carries an execution from state to state.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from vmie_local.workflows import branching
from vmie_local.workflows.errors import DATA_LIMIT, NO_CHOICE, QUERY_EVALUATION, RUNTIME, StateError, matches
from vmie_local.workflows.execution import Execution, ResumePoint
from vmie_local.workflows.expressions import Expressions
from vmie_local.workflows.flow import Flow
from vmie_local.workflows.history import MOST_EVENTS, as_json, data
from vmie_local.workflows.retry import Retriers
from vmie_local.workflows.tokens import PendingTask

MOST_BYTES = 256 * 1024
_MOST_WAIT_SECONDS = 99999999


@dataclass
class Visit:
    """One visit to a state: what its expressions can see.

    Attributes:
        execution: The execution.
        flow: The run, or the branch of it.
        name: The state's name.
        state: Its definition.
        data: Its input.
        variables: What `Assign` has set so far; inner flows see it and set their own.
        context: `$states.context`.
        event: Id of the newest event of this flow.
    """

    execution: Execution
    flow: Flow
    name: str
    state: dict[str, Any]
    data: Any
    variables: dict[str, Any]
    context: dict[str, Any]
    event: int

    def note(self, kind: str, details: dict[str, Any] | None = None) -> None:
        """Add an event to the history."""
        self.event = self.execution.note(self.flow, kind, self.event, details)

    def bindings(self, **more: Any) -> dict[str, Any]:
        """What an expression sees; `result` or `errorOutput` where there is one."""
        return {**self.variables, "states": {"input": self.data, "context": self.context, **more}}


@dataclass(frozen=True)
class Step:
    """What a state leads to: the next state, or the end, and the data that go there."""

    next: str | None
    output: Any


class CallTask(Protocol):
    """Carries out Task states."""

    def token(self, visit: Visit) -> PendingTask | None:
        """A task token, if the state waits for one."""
        ...

    def call(
        self,
        visit: Visit,
        arguments: Any,
        token: PendingTask | None,
        timeout: float | None,
        heartbeat: float | None,
    ) -> Any:
        """The result of the task."""
        ...


class Interpreter:
    """Runs definitions. It keeps nothing of an execution."""

    def __init__(self, expressions: Expressions, tasks: CallTask) -> None:
        """Prepare.

        Args:
            expressions: Evaluates JSONata.
            tasks: Carries out Task states.
        """
        self.expressions, self._tasks = expressions, tasks

    def run(self, execution: Execution, flow: Flow, resume: ResumePoint | None) -> Any:
        """Carry an execution from its start, or from where it failed, to its output.

        Raises:
            StateError: If a state fails and nothing catches it.
            Halted: If the execution is over.
        """
        machine = execution.revision.definition
        point = resume or ResumePoint(machine["StartAt"], execution.data, {})
        context = {
            "Execution": {
                "Id": execution.arn,
                "Input": execution.data,
                "Name": execution.name,
                "RoleArn": execution.revision.role_arn,
                "StartTime": execution.clock.iso(execution.started_at),
                "RedriveCount": execution.redrive_count,
            },
            "StateMachine": {"Id": execution.revision.arn, "Name": execution.revision.name},
        }
        if execution.redriven_at is not None:
            context["Execution"]["RedriveTime"] = execution.clock.iso(execution.redriven_at)
        visit = Visit(
            execution, flow, point.state, {}, point.data, point.variables, context, execution.last_event
        )
        return self.follow(machine["States"], visit, resumable=True)

    def follow(self, states: dict[str, Any], visit: Visit, *, resumable: bool = False) -> Any:
        """Go from `visit.name` to an end; the output of the last state."""
        while True:
            execution = visit.execution
            if resumable:
                execution.resume = ResumePoint(visit.name, visit.data, dict(visit.variables))
            visit = replace(visit, state=states[visit.name])
            visit.context = {
                **visit.context,
                "State": {"EnteredTime": execution.clock.iso(), "Name": visit.name, "RetryCount": 0},
            }
            step = self._visit(visit)
            if step.next is None:
                return step.output
            visit = replace(visit, name=step.next, data=step.output)

    def _visit(self, visit: Visit) -> Step:
        if len(visit.execution.history.events) >= MOST_EVENTS - 1:
            cause = f"The execution reached the maximum number of history events ({MOST_EVENTS})."
            raise StateError(RUNTIME, cause)
        kind = visit.state["Type"]
        visit.note(f"{kind}StateEntered", {"name": visit.name, **data("input", visit.data)})
        step = self._working(visit) if kind in ("Task", "Parallel", "Map") else self._plain(kind, visit)
        _check_size(visit, step.output)
        visit.note(f"{kind}StateExited", {"name": visit.name, **data("output", step.output)})
        return step

    def _plain(self, kind: str, visit: Visit) -> Step:
        state = visit.state
        try:
            match kind:
                case "Choice":
                    return self._choose(visit)
                case "Fail":
                    error = self._text(visit, "Error")
                    raise StateError(error, self._text(visit, "Cause"))
                case "Wait":
                    visit.flow.sleep(self._wait_seconds(visit))
            return Step(state.get("Next"), self._leave(visit, state, "", visit.data))
        except StateError as error:
            if error.error == QUERY_EVALUATION:
                _note_evaluation(visit, error)
            raise

    def _working(self, visit: Visit) -> Step:
        """A state that calls something, with its retriers and catchers."""
        state = visit.state
        retriers = Retriers(state.get("Retry", []))
        while True:
            try:
                result = self._work(visit)
                _check_size(visit, result)
                return Step(state.get("Next"), self._leave(visit, state, "", result, result=result))
            except StateError as error:
                if error.error == QUERY_EVALUATION:
                    _note_evaluation(visit, error)
                failure = error
            delay = retriers.delay(failure)
            if delay is None:
                return self._caught(visit, failure)
            visit.flow.sleep(delay)
            visit.context["State"]["RetryCount"] += 1

    def _work(self, visit: Visit) -> Any:
        match visit.state["Type"]:
            case "Map":
                return branching.run_map(self, visit)
            case "Parallel":
                return branching.run_parallel(self, visit, self._arguments(visit, visit.data))
        token = self._tasks.token(visit)
        if token is not None:
            visit.context["Task"] = {"Token": token.token}
        timeout, heartbeat = self.seconds(visit, "TimeoutSeconds"), self.seconds(visit, "HeartbeatSeconds")
        arguments = self._arguments(visit, {})
        try:
            return self._tasks.call(visit, arguments, token, timeout, heartbeat)
        finally:
            visit.context.pop("Task", None)

    def _arguments(self, visit: Visit, default: Any) -> Any:
        if "Arguments" not in visit.state:
            return default
        return self.expressions.render(visit.state["Arguments"], visit.bindings(), "Arguments")

    def _caught(self, visit: Visit, failure: StateError) -> Step:
        for number, catcher in enumerate(visit.state.get("Catch", [])):
            if matches(failure.error, catcher["ErrorEquals"]):
                output = failure.output()
                field = f"Catch[{number}]/"
                left = self._leave(visit, catcher, field, output, errorOutput=output)
                return Step(catcher["Next"], left)
        raise failure

    def _choose(self, visit: Visit) -> Step:
        for number, rule in enumerate(visit.state["Choices"]):
            field = f"Choices[{number}]/"
            chosen = self.expressions.render(rule["Condition"], visit.bindings(), f"{field}Condition")
            if not isinstance(chosen, bool):
                what = f"returned an unexpected result type. Expected 'boolean', but was '{_type(chosen)}'"
                where = f"'{rule['Condition']}' specified for the field '{field}Condition'"
                raise StateError(QUERY_EVALUATION, f"The JSONata expression {where} {what}")
            if chosen:
                return Step(rule["Next"], self._leave(visit, rule, field, visit.data))
        if "Default" not in visit.state:
            raise StateError(
                NO_CHOICE, f"No choice rule of the state '{visit.name}' matched, and it has no Default."
            )
        return Step(visit.state["Default"], self._leave(visit, visit.state, "", visit.data))

    def _leave(self, visit: Visit, fields: dict[str, Any], at: str, default: Any, **seen: Any) -> Any:
        """Evaluate `Assign` and `Output`, both with the variables as they were."""
        bindings = visit.bindings(**seen)
        output = default
        if "Output" in fields:
            output = self.expressions.render(fields["Output"], bindings, f"{at}Output")
        if "Assign" in fields:
            assigned = self.expressions.render(fields["Assign"], bindings, f"{at}Assign")
            visit.variables.update(assigned)
        return output

    def _text(self, visit: Visit, field: str) -> str | None:
        if field not in visit.state:
            return None
        value = self.expressions.render(visit.state[field], visit.bindings(), field)
        if not isinstance(value, str):
            cause = f"The field '{field}' must be a string, but was '{_type(value)}'"
            raise StateError(QUERY_EVALUATION, cause)
        return value

    def seconds(self, visit: Visit, field: str) -> float | None:
        """The value of a field such as `TimeoutSeconds`, or None if the state has none.

        Raises:
            StateError: If it is no whole number in the allowed range.
        """
        if field not in visit.state:
            return None
        value = self.expressions.render(visit.state[field], visit.bindings(), field)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 0 <= value <= _MOST_WAIT_SECONDS:
            cause = (
                f"The field '{field}' must be a whole number of seconds from 0 to 99999999, but was {value!r}"
            )
            raise StateError(QUERY_EVALUATION, cause)
        return float(value)

    def _wait_seconds(self, visit: Visit) -> float:
        seconds = self.seconds(visit, "Seconds")
        if seconds is not None:
            return seconds
        until = self._text(visit, "Timestamp")
        try:
            moment = datetime.fromisoformat(str(until)).timestamp()
        except ValueError as error:
            cause = f"The field 'Timestamp' must be an ISO-8601 time, but was {until!r}"
            raise StateError(QUERY_EVALUATION, cause) from error
        return max(0.0, moment - visit.execution.clock.now())


def _check_size(visit: Visit, value: Any) -> None:
    if len(as_json(value).encode()) > MOST_BYTES:
        cause = (
            f"The state/task '{visit.name}' returned a result with a size exceeding the maximum number of "
            "bytes service limit."
        )
        raise StateError(DATA_LIMIT, cause)


def _note_evaluation(visit: Visit, error: StateError) -> None:
    visit.note("EvaluationFailed", {"state": visit.name, "error": error.error, "cause": error.cause})


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
