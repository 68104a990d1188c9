"""One visit of an execution to a state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vmie_local.workflows.errors import DATA_LIMIT, QUERY_EVALUATION, StateError
from vmie_local.workflows.execution import Execution
from vmie_local.workflows.expressions import Expressions
from vmie_local.workflows.flow import Flow
from vmie_local.workflows.history import as_json, data

MOST_BYTES = 256 * 1024
_MOST_SECONDS = 99999999


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
        expressions: Evaluates JSONata.
        entered: Id of the event of entering the state.
    """

    execution: Execution
    flow: Flow
    name: str
    state: dict[str, Any]
    data: Any
    variables: dict[str, Any]
    context: dict[str, Any]
    event: int
    expressions: Expressions
    entered: int = 0

    def note(self, kind: str, details: dict[str, Any] | None = None) -> None:
        """Add an event to the history."""
        self.event = self.execution.note(self.flow, kind, self.event, details)

    def enter(self) -> None:
        """Add the event of entering the state."""
        self.note(f"{self.state['Type']}StateEntered", {"name": self.name, **data("input", self.data)})
        self.entered = self.event

    def error(self, name: str, what: str) -> StateError:
        """An error of the state itself, not of what it called, in Step Functions' words."""
        where = f"the state '{self.name}' (entered at the event id #{self.entered})"
        return StateError(name, f"An error occurred while executing {where}. {what}")

    def note_failed_evaluation(self, error: StateError) -> None:
        """Add the event of an expression that could not be evaluated, if that is the error."""
        if error.error == QUERY_EVALUATION:
            self.note("EvaluationFailed", {"state": self.name, "error": error.error, "cause": error.cause})

    def render(self, template: Any, field: str, **seen: Any) -> Any:
        """Evaluate the expressions in a template.

        Args:
            template: What stands in the definition.
            field: Where it stands there.
            seen: What `$states` holds besides input and context: `result`, `errorOutput`.

        Raises:
            StateError: `States.QueryEvaluationError`.
        """
        states = {"input": self.data, "context": self.context, **seen}
        try:
            return self.expressions.render(template, {**self.variables, "states": states}, field)
        except StateError as error:
            raise self.error(QUERY_EVALUATION, str(error.cause)) from error

    def leave(self, fields: dict[str, Any], at: str, default: Any, **seen: Any) -> Any:
        """Evaluate `Assign` and `Output` of a state, a choice rule or a catcher.

        Args:
            fields: What holds them.
            at: Where that stands in the state, such as `Catch[0]/`.
            default: The output if there is no `Output`.
            seen: As for `render`.

        Returns:
            The output. Both see the variables as they were before.
        """
        output = self.render(fields["Output"], f"{at}Output", **seen) if "Output" in fields else default
        if "Assign" in fields:
            self.variables.update(self.render(fields["Assign"], f"{at}Assign", **seen))
        return output

    def text(self, field: str) -> str | None:
        """The value of a field that must be a string, or None if the state has none.

        Raises:
            StateError: `States.QueryEvaluationError`.
        """
        if field not in self.state:
            return None
        value = self.render(self.state[field], field)
        if not isinstance(value, str):
            what = f"The field '{field}' must be a string, but was '{json_type(value)}'"
            raise self.error(QUERY_EVALUATION, what)
        return value

    def seconds(self, field: str) -> float | None:
        """The value of a field such as `TimeoutSeconds`, or None if the state has none.

        Raises:
            StateError: `States.QueryEvaluationError` if it is no whole number in the allowed range.
        """
        if field not in self.state:
            return None
        value = self.render(self.state[field], field)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 0 <= value <= _MOST_SECONDS:
            what = f"The field '{field}' must be a whole number from 0 to {_MOST_SECONDS}, but was {value!r}"
            raise self.error(QUERY_EVALUATION, what)
        return float(value)

    def check_size(self, value: Any) -> None:
        """Refuse data that Step Functions would refuse to carry.

        Raises:
            StateError: `States.DataLimitExceeded`.
        """
        if len(as_json(value).encode()) > MOST_BYTES:
            cause = (
                f"The state/task '{self.name}' returned a result with a size exceeding the maximum number of "
                "bytes service limit."
            )
            raise StateError(DATA_LIMIT, cause)


@dataclass(frozen=True)
class Step:
    """What a state leads to: the next state, or the end, and the data that go there."""

    next: str | None
    output: Any


def json_type(value: Any) -> str:
    """JSON's name for the type of a value."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
