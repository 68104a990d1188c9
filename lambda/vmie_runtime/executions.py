"""Executions of the state machine, addressed by the name that a request gives them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.request import Request

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An execution as the reconciler sees it.

    Attributes:
        arn: Its ARN.
        status: `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
        error: The error it ended with.
        cause: That error's cause.
    """

    arn: str
    status: str
    error: str | None
    cause: str | None


@dataclass(frozen=True, kw_only=True)
class Executions:
    """The executions of one state machine."""

    client: SFNClient
    state_machine_arn: str

    def arn_of(self, request: Request) -> str:
        """The ARN of a request's newest execution, whether it was started or not."""
        if request.direct and request.execution_arn:
            return request.execution_arn
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:')}:{request.execution_name}"

    def includes(self, execution_arn: str) -> bool:
        """Tell whether an execution is one of this state machine."""
        return execution_arn.rpartition(":")[0] == self.state_machine_arn.replace(
            ":stateMachine:", ":execution:"
        )

    def find(self, request: Request) -> Execution | None:
        """A request's newest execution, or None where it was never started."""
        arn = self.arn_of(request)
        try:
            with transient_errors_named():
                found = self.client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error_code(error) == "ExecutionDoesNotExist":
                return None
            raise
        return Execution(arn=arn, status=found["status"], error=found.get("error"), cause=found.get("cause"))

    def start(self, request: Request) -> None:
        """Start a request's execution; one that has the name already is left as it is."""
        try:
            with transient_errors_named():
                self.client.start_execution(
                    stateMachineArn=self.state_machine_arn,
                    name=request.execution_name,
                    input=json.dumps({"RequestId": request.id}),
                )
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise

    def resume(self, request: Request) -> bool:
        """Let the execution of a direct request go on, which waits for its admission.

        Returns:
            Whether its token was good; the execution may have ended, or waits with a newer one.
        """
        try:
            with transient_errors_named():
                self.client.send_task_success(taskToken=str(request.task_token), output="{}")
        except ClientError as error:
            if error_code(error) in ("TaskDoesNotExist", "TaskTimedOut", "InvalidToken"):
                return False
            raise
        return True

    def stop(self, request: Request, *, error: str, cause: str) -> None:
        """Stop a request's execution; one that has ended is left as it is."""
        with transient_errors_named():
            self.client.stop_execution(executionArn=self.arn_of(request), error=error, cause=cause)
