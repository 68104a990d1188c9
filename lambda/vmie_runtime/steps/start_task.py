"""Start task: one EC2 call per stage of an attempt, however often this step runs."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime import source_objects
from vmie_runtime.aws import ec2_called_once, error_code, transient_errors_named, unanswered_call_named
from vmie_runtime.deadlines import require_time_left
from vmie_runtime.errors import RequestFailure, TransientServiceError
from vmie_runtime.observability import logger
from vmie_runtime.stages.containers import given_snapshots
from vmie_runtime.stages.plan import stage_of
from vmie_runtime.stages.refusals import refusal
from vmie_runtime.stages.stage import Stage, Task, Work, ec2_tags
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.validation.before_start import settled
from vmie_runtime.wiring import requests_table, settings, work_on

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The same token with other parameters, since the stack's defaults have changed; or a name that is taken,
# maybe by what an earlier call made whose answer was lost.
_MADE_BEFORE = ("IdempotentParameterMismatch", "InvalidAMIName.Duplicate")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Keep the inspection, start the stage's task and write its id down.

    Raises:
        RequestRejected: If the inspection found what cannot be imported.
        RequestFailure: If the deadline has passed, a source changed or EC2 refuses the call.
        ServiceRoleRejected: If EC2 refuses the service role.
        TagNotSeenYet: If EC2 refuses what was marked a moment ago.
        CallUnanswered: If EC2 may have carried out a call that takes no token.
        TaskQuotaExceeded: If EC2 runs as many tasks as it may.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.require_request(table)
    if settings().workflow_kind == "import" and request.stage == 0 and request.task_id is None:
        request = settled(request, event.get("Inspected", {}).get("Inspection"), now=step.now)
    stage = stage_of(request)
    if stage is None:
        return {"PollAfter": 0}
    if request.task_id is None:
        require_time_left(request, step.now)
        work = work_on(request, now=step.now)
        task_id = _start(stage, work)
        changes: dict[str, Any] = {"task_id": task_id, "changed_at": step.now}
        if stage.is_import_task:
            changes["import_task_id"] = task_id
        if stage.is_export_task:
            changes["export_task_id"] = task_id
        if not table.update(request.id, changes):
            _cancel(stage, work, task_id)
            raise RequestFailure(
                "RequestNotOpen", f"The request ended while {task_id} was started.", status="Cancelled"
            )
    return {"PollAfter": stage.first_look_after}


def _start(stage: Stage, work: Work) -> str:
    source_keys = [
        head["SSEKMSKeyId"]
        for head in (source_objects.require_same_disk(work.s3, disk) for disk in work.request.disks)
        if "SSEKMSKeyId" in head
    ]
    if work.request.stage:
        _mark_as_ours(work)
    if not stage.has_token:
        found = stage.find(work)
        if found is not None:
            return found.id
        work = replace(work, ec2=ec2_called_once())
    try:
        with nullcontext() if stage.has_token else unanswered_call_named():
            return stage.start(work)
    except ClientError as error:
        if error_code(error) in _MADE_BEFORE and (found := stage.find(work)) is not None:
            return found.id
        raise refusal(error, stage, work, source_keys) from error


def _mark_as_ours(work: Work) -> None:
    """Tag what the stages before have made: the role may use what carries the workflow's tag only."""
    given = given_snapshots(work.request.parameters)
    made = [
        *work.request.made.image_ids,
        *(each for each in work.request.made.snapshot_ids if each not in given),
    ]
    if made:
        with transient_errors_named():
            work.ec2.create_tags(Resources=made, Tags=ec2_tags(work.tags))


def _cancel(stage: Stage, work: Work, task_id: str) -> None:
    """Cancel what was started for a request that ended meanwhile; what cannot be, a later round finds."""
    try:
        # EC2 may show a new task a moment late.
        task = stage.describe(work.ec2, task_id) or Task(id=task_id, status="active")
        if not task.ended:
            stage.cancel(work.ec2, task, "The request ended while this task was started.")
    except (ClientError, TransientServiceError):
        logger.exception("A task that nobody waits for could not be cancelled", extra={"task": task_id})
