"""The states of a workflow: one execution carries one admitted request to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

# What Lambda raises by itself where a process was killed, ran out of time, or may have done so.
_CUT_SHORT = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
]
# Those, and its service errors.
_LAMBDA_ERRORS = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    *_CUT_SHORT,
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


# An execution that somebody started has the request for its input; the reconciler's have a request's id.
_DIRECT = "{% $not($exists($states.context.Execution.Input.RequestId)) %}"


@dataclass(frozen=True, kw_only=True)
class WorkflowSteps:
    """The published function version behind each step."""

    await_admission: lambda_.IFunction
    validate_request: lambda_.IFunction
    inspect_image: lambda_.IFunction | None
    start_task: lambda_.IFunction
    poll_task: lambda_.IFunction
    finish_request: lambda_.IFunction
    diagnose_failure: lambda_.IFunction
    clean_up: lambda_.IFunction
    record_result: lambda_.IFunction


def workflow_definition(scope: Construct, steps: WorkflowSteps, *, longest_wait: Duration) -> sfn.IChainable:
    """Build the states: validate, inspect, start, wait and poll, finish, record.

    A failure of any step goes through diagnosis and cleaning up before it is recorded. Where cleaning up or
    recording fails too, the execution ends without a result and the reconciler, which sees the same request
    in the table, does both.

    Args:
        scope: Where the states are made; their names are unique within it.
        steps: The functions.
        longest_wait: How long an execution that somebody started waits for its admission.

    Returns:
        The first state.
    """
    return _Builder(scope, steps, longest_wait).build()


class _Builder:
    def __init__(self, scope: Construct, steps: WorkflowSteps, longest_wait: Duration) -> None:
        self._scope, self._steps = scope, steps
        self._await_admission = self._waiting_step(longest_wait)
        # What was queued again goes on in an execution of its own, unless somebody waits for this one.
        self._queued_again = (
            sfn.Choice.jsonata(scope, "Who waits for it?")
            .when(sfn.Condition.jsonata(_DIRECT), self._await_admission)
            .otherwise(sfn.Succeed.jsonata(scope, "Queued again"))
        )

    def build(self) -> sfn.IChainable:
        unrecorded = sfn.Fail.jsonata(
            self._scope,
            "Leave to reconciler",
            error="ResultNotRecorded",
            cause="The end of the request could not be recorded; the reconciler cleans up and records it.",
        )
        on_failure = self._failure_path(unrecorded)
        validate = self._step("Validate request", self._steps.validate_request)
        start = self._start_step()
        wait = sfn.Wait.jsonata(
            self._scope, "Wait before poll", time=sfn.WaitTime.seconds("{% $states.input.PollAfter %}")
        )
        # A service that does not answer for a while is no reason to cancel a task that runs.
        poll = self._step("Poll task", self._steps.poll_task, attempts=20)
        # Nor to throw away what it made.
        finish = self._step("Finish request", self._steps.finish_request, attempts=20)
        self._await_tags(finish)
        record = self._step("Record success", self._steps.record_result)
        start.add_catch(self._requeue_path(unrecorded), errors=["TaskQuotaExceeded"])
        steps = [self._await_admission, validate, start, poll, finish]
        if self._steps.inspect_image is None:
            validate.next(start)
        else:
            inspect = self._step(
                "Inspect image",
                self._steps.inspect_image,
                payload={"Disks": "{% $states.input.Disks %}", "Region": "{% $states.input.Region %}"},
                attempts=3,
                # It bounds its own time far below the function's: what takes longer once takes it again.
                errors=[error for error in _TRANSIENT if error != "Sandbox.Timedout"],
            )
            # An image that the inspection breaks at is not one that EC2 refuses: doubt rejects nothing.
            inspect.add_catch(start, errors=_LAMBDA_ERRORS, outputs="{% {} %}")
            validate.next(inspect).next(start)
            steps.append(inspect)
        for step in steps:
            step.add_catch(on_failure, errors=["States.ALL"], outputs="{% $states.errorOutput %}")
        what_next = sfn.Choice.jsonata(self._scope, "What comes next?")
        start.next(wait).next(poll).next(
            what_next.when(sfn.Condition.jsonata("{% $states.input.Next = 'finish' %}"), finish)
            .when(sfn.Condition.jsonata("{% $states.input.Next = 'start' %}"), start)
            .otherwise(wait)
        )
        finish.next(record).next(sfn.Succeed.jsonata(self._scope, "Request succeeded"))
        self._await_admission.next(validate)
        return (
            sfn.Choice.jsonata(self._scope, "Was it admitted?")
            .when(sfn.Condition.jsonata(_DIRECT), self._await_admission)
            .otherwise(validate)
        )

    def _start_step(self) -> tasks.LambdaInvoke:
        step = self._invocation(
            "Start task", self._steps.start_task, payload={"Inspected": "{% $states.input %}"}
        )
        # EC2 may have carried out a call whose answer was lost. One without a token is told by what EC2
        # shows, which lags behind: made again at once, it would run twice. The first retrier that knows an
        # error decides.
        step.add_retry(
            errors=["CallUnanswered", *_CUT_SHORT],
            interval=Duration.seconds(60),
            max_attempts=6,
            backoff_rate=1.5,
            max_delay=Duration.minutes(5),
        )
        self._retry(step, attempts=6)
        # A role that was made or changed seconds ago may not be visible to the service yet; the user guide
        # and the public threads put that below a minute.
        step.add_retry(
            errors=["ServiceRoleRejected"], interval=Duration.seconds(15), max_attempts=3, backoff_rate=2
        )
        self._await_tags(step)
        return step

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

    def _waiting_step(self, longest_wait: Duration) -> tasks.LambdaInvoke:
        step = tasks.LambdaInvoke.jsonata(
            self._scope,
            "Await admission",
            lambda_function=self._steps.await_admission,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            payload=sfn.TaskInput.from_object(
                {
                    **_CONTEXT,
                    "Input": "{% $states.context.Execution.Input %}",
                    "TaskToken": "{% $states.context.Task.Token %}",
                }
            ),
            task_timeout=sfn.Timeout.duration(longest_wait),
            retry_on_service_exceptions=False,
        )
        self._retry(step, attempts=6)
        return step

    def _step(
        self,
        name: str,
        function: lambda_.IFunction,
        *,
        payload: Mapping[str, object] | None = None,
        attempts: int = 6,
        errors: Sequence[str] = _TRANSIENT,
    ) -> tasks.LambdaInvoke:
        step = self._invocation(name, function, payload=payload)
        self._retry(step, attempts, errors)
        return step

    def _invocation(
        self, name: str, function: lambda_.IFunction, *, payload: Mapping[str, object] | None = None
    ) -> tasks.LambdaInvoke:
        return tasks.LambdaInvoke.jsonata(
            self._scope,
            name,
            lambda_function=function,
            payload=sfn.TaskInput.from_object({**_CONTEXT, **(payload or {})}),
            outputs="{% $states.result.Payload %}",
            retry_on_service_exceptions=False,
        )

    def _await_tags(self, step: tasks.LambdaInvoke) -> None:
        # By EC2's eventual consistency, policies may not see yet a tag that was set a moment ago.
        step.add_retry(errors=["TagNotSeenYet"], interval=Duration.seconds(5), max_attempts=6, backoff_rate=2)

    def _retry(self, step: tasks.LambdaInvoke, attempts: int, errors: Sequence[str] = _TRANSIENT) -> None:
        step.add_retry(
            errors=list(errors),
            interval=Duration.seconds(2),
            max_attempts=attempts,
            backoff_rate=2,
            max_delay=Duration.seconds(60),
            jitter_strategy=sfn.JitterType.FULL,
        )
