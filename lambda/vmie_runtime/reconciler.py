"""The reconciler: compares the table, the executions and the EC2 tasks, and acts on what differs.

It is level-triggered: an event only wakes it sooner, and whatever woke it, it looks at everything. Two may
run at once, because every decision is a conditional write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import cleaning
from vmie_runtime.admission import Admission, Decision
from vmie_runtime.aws import client
from vmie_runtime.checks.conversion_tasks import can_be_asked_for
from vmie_runtime.executions import Execution, Executions
from vmie_runtime.failure_outcomes import unrecorded_outcome
from vmie_runtime.fleets import Fleets
from vmie_runtime.leavings import left_behind
from vmie_runtime.made import Made
from vmie_runtime.moments import normalise
from vmie_runtime.observability import logger
from vmie_runtime.orphan_sweep import OrphanSweep
from vmie_runtime.request import OpenState, Request, Status, direct_request_id
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.stages.stage import Work
from vmie_runtime.wiring import publisher, requests_table, settings, work_on

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# What the rest of a round needs when ends have taken its time.
_RESERVE_MILLISECONDS = 60_000


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """One round of comparing and acting."""

    table: RequestsTable
    executions: Executions
    publisher: ResultPublisher
    fleets: Fleets
    work_on: Callable[..., Work]
    orphan_sweep: OrphanSweep
    admission: Admission

    def run(self, now: str, *, sweep: bool, time_is_left: Callable[[], bool] = lambda: True) -> None:
        """Do one round.

        Args:
            now: The moment that counts for deadlines and results.
            sweep: Also look for tasks that nobody watches, which costs calls to EC2.
            time_is_left: Asked before each end and each admission; what remains when it says no is left to
                the next round.
        """
        # What runs comes first: it holds tasks. Ten thousand ends may take several rounds.
        for request in self.table.with_state(OpenState.LIVE):
            self._safely(self._look_after, request, now)
        for request in self.table.with_state(OpenState.ENDING):
            if not time_is_left():
                break
            self._safely(self._end, request, now)
        if sweep:
            self._heal_leases()
        try:
            self._admit(now, time_is_left)
        finally:  # What cannot be admitted keeps nothing else waiting.
            self.fleets.summarise(now)
            if sweep:
                self.cancel_orphans()

    def execution_ended(self, execution_arn: str, now: str) -> None:
        """End the request of an execution that was started directly and stopped before it was admitted.

        The ends of the other workflow's executions are heard too: they may have freed a lease.
        """
        if not self.executions.includes(execution_arn):
            return
        request = self.table.find(direct_request_id(execution_arn))
        if request is None or request.open_state is not OpenState.QUEUED:
            return
        if not self.admission.waits(request):
            self._safely(self._end_queued, request, now)

    def end_everything(self, now: str, *, stop: dict[str, str], time_is_left: Callable[[], bool]) -> bool:
        """End every open request, as the stack's deletion does.

        Args:
            now: The moment that results name as their end.
            stop: Why, as `Code` and `Message`.
            time_is_left: Asked before each request; what remains when it says no is left as it is.

        Returns:
            Whether nothing is left.
        """
        # What runs comes first: it holds tasks. What waits only needs its result.
        for state, end in (
            (OpenState.LIVE, self._stop),
            (OpenState.QUEUED, self._end_queued),
            (OpenState.ENDING, self._end),
        ):
            for request in self.table.with_state(state):
                if not time_is_left():
                    return False
                self.table.update(request.id, {"stop": stop}, unset="stop")
                self._safely(end, replace(request, stop=request.stop or stop), now)
        unwatched = self.cancel_orphans()
        self.fleets.summarise(now)
        return not unwatched and not any(True for state in OpenState for _ in self.table.with_state(state))

    def cancel_orphans(self) -> int:
        """Cancel and remove what nobody watches; tell how much there was."""
        return self.orphan_sweep.run()

    def _look_after(self, request: Request, now: str) -> None:
        execution = self.executions.find(request)
        if execution is not None and execution.status != "RUNNING":
            self._end_after(request, execution, now)
        elif request.stop is not None:
            self._stop(request, now)
        elif request.direct:
            self._resume(request)
        elif execution is None:
            self.executions.start(request)
            self.table.update(request.id, {"execution_arn": self.executions.arn_of(request)})

    def _resume(self, request: Request) -> None:
        if request.task_token is not None and self.executions.resume(request):
            self.table.update(request.id, {"task_token": None})

    def _stop(self, request: Request, now: str) -> None:
        """Stop the execution of a request, if it was started, and end the request."""
        execution = self._stop_execution(request)
        if execution is None or execution.status != "RUNNING":
            self._end_after(request, execution, now)

    def _stop_execution(self, request: Request) -> Execution | None:
        execution = self.executions.find(request)
        if execution is None or execution.status != "RUNNING":
            return execution
        stop = request.stop or {}
        self.executions.stop(request, error=stop.get("Code", ""), cause=stop.get("Message", ""))
        return self.executions.find(request)

    def _end_queued(self, request: Request, now: str) -> None:
        if request.direct:  # Its execution waits for an admission that does not come any more.
            self._stop_execution(request)
        if self.table.update(request.id, {"open_state": OpenState.ENDING}, expect=OpenState.QUEUED):
            self._end(request, now)

    def _end_after(self, request: Request, execution: Execution | None, now: str) -> None:
        # The execution's last step may have closed or queued the request since it was read.
        fresh = self.table.find(request.id)
        if fresh is None or fresh.open_state is not OpenState.LIVE or fresh.admission != request.admission:
            return
        outcome = fresh.outcome or unrecorded_outcome(fresh, execution)
        self.table.update(fresh.id, {"outcome": outcome}, unset="outcome")
        if self.table.update(fresh.id, {"open_state": OpenState.ENDING}, expect=OpenState.LIVE):
            self._end(fresh, now)

    def _end(self, request: Request, now: str) -> None:
        # The index that named it may lag behind: what has ended is not published again.
        fresh = self.table.find(request.id)
        if fresh is None or fresh.open_state is not OpenState.ENDING:
            return
        request = fresh
        outcome = request.outcome or unrecorded_outcome(request, None)
        if request.outcome is None:
            # Dropped again meanwhile, it may wait anew: from here on it is going to end.
            ending = OpenState.ENDING
            if not self.table.update(request.id, {"outcome": outcome}, expect=ending, unset="outcome"):
                return
            request = replace(request, outcome=outcome)
        succeeded = outcome["Status"] == Status.SUCCEEDED
        rejected_unstarted = request.task_id is None and request.admission == 0
        if not succeeded and not rejected_unstarted:
            reason = str(outcome["Error"]["Code"])
            request_id = request.id

            def remember(made: Made) -> None:
                self.table.update(request_id, {"made": made})

            try:
                if not cleaning.clean_up(self.work_on(request, now=now), reason=reason, remember=remember):
                    return
            except ClientError as error:
                # No patience changes a refusal: who waited for it would hold a lease for ever.
                logger.exception("What a request made could not be removed", extra={"request_id": request.id})
                made = (self.table.find(request.id) or request).made
                advice = [*request.advice, left_behind(made, error)]
                self.table.update(request.id, {"advice": advice})
                request = replace(request, advice=advice)
        self.publisher.publish_end(request, now=now)

    def _admit(self, now: str, time_is_left: Callable[[], bool]) -> None:
        for decision, request in self.admission.decide(now, time_is_left):
            act = self._look_after if decision is Decision.BEGIN else self._end_queued
            self._safely(act, request, now)

    def _heal_leases(self) -> None:
        for holder in self.table.leases.holders():
            request = self.table.find(holder)
            if request is None or request.open_state is None:
                self.table.leases.release(holder)

    def _safely(self, act: Any, request: Request, now: str) -> None:
        """One request that cannot be served now holds up no other; the next round tries again."""
        try:
            act(request, now)
        except Exception:  # noqa: BLE001
            logger.exception("A request could not be reconciled", extra={"request_id": request.id})


def reconciler() -> Reconciler:
    """The reconciler that the function's settings describe."""
    executions = Executions(client=client("stepfunctions"), state_machine_arn=settings().state_machine_arn)
    return Reconciler(
        table=requests_table(),
        executions=executions,
        publisher=publisher(),
        fleets=Fleets(table=requests_table(), publisher=publisher()),
        work_on=work_on,
        orphan_sweep=OrphanSweep(
            table=requests_table(),
            ec2=client("ec2"),
            s3=client("s3"),
            workflow=settings().requests_table,
            kind=settings().workflow_kind,
            with_conversions=can_be_asked_for(settings().allowed, region=settings().region),
        ),
        admission=Admission(
            table=requests_table(),
            executions=executions,
            ssm=client("ssm"),
            pause_parameter=settings().pause_parameter,
            deadline_seconds=settings().deadline_seconds,
        ),
    )


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Do one round; woken by the schedule, by the end of an execution or by the intake."""

    def time_is_left() -> bool:
        return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS

    scheduled = event.get("detail-type") == "Scheduled Event"
    now = event["Now"] if "Now" in event else event["time"]
    one = reconciler()
    if ended := event.get("detail", {}).get("executionArn"):
        one.execution_ended(ended, normalise(now))
    one.run(normalise(now), sweep=scheduled, time_is_left=time_is_left)
