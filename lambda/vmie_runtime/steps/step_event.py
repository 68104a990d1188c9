"""What the state machine tells every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from vmie_runtime.errors import RequestFailure
from vmie_runtime.moments import normalise
from vmie_runtime.request import OpenState, Request, direct_request_id
from vmie_runtime.requests_table import RequestsTable


@dataclass(frozen=True, kw_only=True)
class StepEvent:
    """The context of a step.

    Attributes:
        request_id: The request; of an execution that somebody started, the one that it makes itself.
        execution_arn: The execution.
        now: When the state was entered: the time that counts.
    """

    request_id: str
    execution_arn: str
    now: str

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Self:
        """Read a step's event."""
        execution_arn = event["ExecutionArn"]
        return cls(
            request_id=str(event.get("RequestId") or direct_request_id(execution_arn)),
            execution_arn=execution_arn,
            now=normalise(event["Now"]),
        )

    def find_request(self, table: RequestsTable) -> Request | None:
        """The request, if it is open and this execution is the one that carries it."""
        request = table.find(self.request_id)
        if request is None or request.open_state is None:
            return None
        return request if self.carries(request) else None

    def carries(self, request: Request) -> bool:
        """Tell whether this execution is the request's newest."""
        if request.direct:
            return request.execution_arn == self.execution_arn
        return self.execution_arn.endswith(f":{request.execution_name}")

    def require_request(self, table: RequestsTable) -> Request:
        """The request of this execution.

        Raises:
            RequestFailure: If the request has ended or ends meanwhile, or another execution carries it.
        """
        request = self.find_request(table)
        if request is None or request.open_state is not OpenState.LIVE:
            raise RequestFailure(
                "RequestNotOpen",
                "The request has ended or is carried by another execution.",
                status="Cancelled",
            )
        return request
