"""The interpreter: carries an execution from state to state.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from vmie_local.workflows import branching
from vmie_local.workflows.errors import NO_CHOICE, QUERY_EVALUATION, RUNTIME, StateError, matches
from vmie_local.workflows.execution import Execution, ResumePoint
from vmie_local.workflows.expressions import Expressions
from vmie_local.workflows.flow import Flow
from vmie_local.workflows.history import MOST_EVENTS, data
from vmie_local.workflows.retry import Retriers
from vmie_local.workflows.tokens import PendingTask
from vmie_local.workflows.visit import Step, Visit, json_type


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
        self._expressions, self._tasks = expressions, tasks

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
            execution,
            flow,
            point.state,
            {},
            point.data,
            point.variables,
            context,
            execution.last_event,
            self._expressions,
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
        visit.enter()
        step = self._working(visit) if kind in ("Task", "Parallel", "Map") else self._plain(kind, visit)
        visit.check_size(step.output)
        visit.note(f"{kind}StateExited", {"name": visit.name, **data("output", step.output)})
        return step

    def _plain(self, kind: str, visit: Visit) -> Step:
        state = visit.state
        try:
            match kind:
                case "Choice":
                    return _choose(visit)
                case "Fail":
                    raise StateError(visit.text("Error"), visit.text("Cause"))
                case "Wait":
                    visit.flow.sleep(_wait_seconds(visit))
            return Step(state.get("Next"), visit.leave(state, "", visit.data))
        except StateError as error:
            visit.note_failed_evaluation(error)
            raise

    def _working(self, visit: Visit) -> Step:
        """A state that calls something, with its retriers and catchers."""
        state = visit.state
        retriers = Retriers(state.get("Retry", []))
        while True:
            try:
                result = self._work(visit)
                visit.check_size(result)
                return Step(state.get("Next"), visit.leave(state, "", result, result=result))
            except StateError as error:
                visit.note_failed_evaluation(error)
                # What has no other name is the fault of the definition, and told like it.
                failure = visit.error(RUNTIME, str(error.cause)) if error.error == RUNTIME else error
            delay = retriers.delay(failure)
            if delay is None:
                return _caught(visit, failure)
            visit.flow.sleep(delay)
            visit.context["State"]["RetryCount"] += 1

    def _work(self, visit: Visit) -> Any:
        match visit.state["Type"]:
            case "Map":
                return branching.run_map(self, visit)
            case "Parallel":
                return branching.run_parallel(self, visit, _arguments(visit))
        token = self._tasks.token(visit)
        if token is not None:
            visit.context["Task"] = {"Token": token.token}
        try:
            timeout, heartbeat = visit.seconds("TimeoutSeconds"), visit.seconds("HeartbeatSeconds")
            return self._tasks.call(visit, _arguments(visit), token, timeout, heartbeat)
        finally:
            visit.context.pop("Task", None)


def _arguments(visit: Visit) -> Any:
    if "Arguments" not in visit.state:
        return visit.data
    return visit.render(visit.state["Arguments"], "Arguments")


def _caught(visit: Visit, failure: StateError) -> Step:
    for number, catcher in enumerate(visit.state.get("Catch", [])):
        if matches(failure.error, catcher["ErrorEquals"]):
            output = failure.output()
            left = visit.leave(catcher, f"Catch[{number}]/", output, errorOutput=output)
            return Step(catcher["Next"], left)
    raise failure


def _choose(visit: Visit) -> Step:
    for number, rule in enumerate(visit.state["Choices"]):
        at = f"Choices[{number}]/"
        chosen = visit.render(rule["Condition"], f"{at}Condition")
        if not isinstance(chosen, bool):
            where = f"The JSONata expression '{rule['Condition']}' specified for the field '{at}Condition'"
            what = f"returned an unexpected result type. Expected 'boolean', but was '{json_type(chosen)}'"
            raise visit.error(QUERY_EVALUATION, f"{where} {what}")
        if chosen:
            return Step(rule["Next"], visit.leave(rule, at, visit.data))
    if "Default" not in visit.state:
        what = "Failed to transition out of the state. The state does not point to a next state."
        raise visit.error(NO_CHOICE, what)
    return Step(visit.state["Default"], visit.leave(visit.state, "", visit.data))


def _wait_seconds(visit: Visit) -> float:
    seconds = visit.seconds("Seconds")
    if seconds is not None:
        return seconds
    until = visit.text("Timestamp")
    try:
        moment = datetime.fromisoformat(str(until)).timestamp()
    except ValueError as error:
        what = f"The field 'Timestamp' must be an ISO-8601 time, but was {until!r}"
        raise visit.error(QUERY_EVALUATION, what) from error
    return max(0.0, moment - visit.execution.clock.now())
