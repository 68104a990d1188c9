"""The state machine of an import: one execution carries one admitted request to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

# What Lambda raises by itself: its service errors, and a process that was killed or ran out of time.
_LAMBDA_ERRORS = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
]
# The runtime's exception for a throttled call, a 5xx answer or a broken connection.
_TRANSIENT = [*_LAMBDA_ERRORS, "TransientServiceError"]
# What every step is told: which request, in which execution, and the time that counts.
_CONTEXT = {
    "RequestId": "{% $exists($states.context.Execution.Input.RequestId)"
    " ? $states.context.Execution.Input.RequestId : '' %}",
    "ExecutionArn": "{% $states.context.Execution.Id %}",
    "Now": "{% $states.context.State.EnteredTime %}",
}
_REDRIVE_COUNT = (
    "{% $exists($states.context.Execution.RedriveCount) ? $states.context.Execution.RedriveCount : 0 %}"
)


@dataclass(frozen=True, kw_only=True)
class ImportSteps:
    """The published function version behind each step."""

    validate_request: lambda_.IFunction
    inspect_image: lambda_.IFunction
    start_import: lambda_.IFunction
    poll_import: lambda_.IFunction
    finish_import: lambda_.IFunction
    diagnose_failure: lambda_.IFunction
    clean_up: lambda_.IFunction
    record_result: lambda_.IFunction


def import_definition(scope: Construct, steps: ImportSteps) -> sfn.IChainable:
    """Build the states: validate, inspect, start, wait and poll, finish, record.

    A failure of any step goes through diagnosis and cleaning up before it is recorded. Where cleaning up or
    recording fails too, the execution ends without a result and the reconciler, which sees the same request
    in the table, does both.

    Args:
        scope: Where the states are made; their names are unique within it.
        steps: The functions.

    Returns:
        The first state.
    """
    return _Builder(scope, steps).build()


class _Builder:
    def __init__(self, scope: Construct, steps: ImportSteps) -> None:
        self._scope, self._steps = scope, steps
        self._queued_again = sfn.Succeed.jsonata(scope, "Queued again")

    def build(self) -> sfn.IChainable:
        unrecorded = sfn.Fail.jsonata(
            self._scope,
            "Leave to reconciler",
            error="ResultNotRecorded",
            cause="The end of the request could not be recorded; the reconciler cleans up and records it.",
        )
        on_failure = self._failure_path(unrecorded)
        validate = self._step("Validate request", self._steps.validate_request)
        inspect = self._step(
            "Inspect image", self._steps.inspect_image, payload={"Source": "{% $states.input.Source %}"}
        )
        start = self._step(
            "Start import", self._steps.start_import, payload={"Inspected": "{% $states.input %}"}
        )
        # A role that was made or changed seconds ago may not be visible to the service yet; the user guide
        # and the public threads put that below a minute.
        start.add_retry(
            errors=["ServiceRoleRejected"], interval=Duration.seconds(15), max_attempts=3, backoff_rate=2
        )
        wait = sfn.Wait.jsonata(
            self._scope, "Wait before poll", time=sfn.WaitTime.seconds("{% $states.input.PollAfter %}")
        )
        # A service that does not answer for a while is no reason to cancel an import that runs.
        poll = self._step("Poll import task", self._steps.poll_import, attempts=20)
        # Nor to throw away what it made.
        finish = self._step("Finish import", self._steps.finish_import, attempts=20)
        record = self._step("Record success", self._steps.record_result)
        start.add_catch(self._requeue_path(unrecorded), errors=["TaskQuotaExceeded"])
        for step in (validate, inspect, start, poll, finish):
            step.add_catch(on_failure, errors=["States.ALL"], outputs="{% $states.errorOutput %}")
        task_done = sfn.Choice.jsonata(self._scope, "Is the task done?")
        inspect.next(start).next(wait).next(poll).next(
            task_done.when(sfn.Condition.jsonata("{% $states.input.Done %}"), finish).otherwise(wait)
        )
        finish.next(record).next(sfn.Succeed.jsonata(self._scope, "Import succeeded"))
        validate.next(inspect)
        return validate

    def _failure_path(self, unrecorded: sfn.Fail) -> tasks.LambdaInvoke:
        diagnose = self._step(
            "Diagnose failure",
            self._steps.diagnose_failure,
            payload={"Failure": "{% $states.input %}"},
        )
        clean_up = self._step(
            "Clean up",
            self._steps.clean_up,
            payload={"Outcome": "{% $states.input %}"},
        )
        # Cancelling takes the service seconds to minutes; what it half made can only be removed afterwards.
        clean_up.add_retry(
            errors=["TaskStillEnding"],
            interval=Duration.seconds(10),
            max_attempts=30,
            backoff_rate=1.5,
            max_delay=Duration.seconds(60),
        )
        # It raises the result's code once that is recorded: a Fail state could only be redriven to itself.
        record = self._step(
            "Record failure",
            self._steps.record_result,
            payload={"Outcome": "{% $states.input %}", "RedriveCount": _REDRIVE_COUNT},
        )
        for step in (diagnose, clean_up):
            step.add_catch(unrecorded, errors=["States.ALL"])
        diagnose.next(clean_up).next(record).next(self._queued_again)
        return diagnose

    def _requeue_path(self, unrecorded: sfn.Fail) -> tasks.LambdaInvoke:
        requeue = self._step(
            "Return to queue",
            self._steps.record_result,
            payload={"ReturnToQueue": True},
        )
        requeue.add_catch(unrecorded, errors=["States.ALL"])
        requeue.next(self._queued_again)
        return requeue

    def _step(
        self,
        name: str,
        function: lambda_.IFunction,
        *,
        payload: Mapping[str, object] | None = None,
        attempts: int = 6,
    ) -> tasks.LambdaInvoke:
        step = tasks.LambdaInvoke.jsonata(
            self._scope,
            name,
            lambda_function=function,
            payload=sfn.TaskInput.from_object({**_CONTEXT, **(payload or {})}),
            outputs="{% $states.result.Payload %}",
            retry_on_service_exceptions=False,
        )
        step.add_retry(
            errors=_TRANSIENT,
            interval=Duration.seconds(2),
            max_attempts=attempts,
            backoff_rate=2,
            max_delay=Duration.seconds(60),
            jitter_strategy=sfn.JitterType.FULL,
        )
        return step
