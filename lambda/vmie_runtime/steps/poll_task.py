"""Poll task: has it ended, does it move, may it go on; and what comes after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import client
from vmie_runtime.errors import RequestFailure, TaskFailed, TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.moments import seconds_between
from vmie_runtime.observability import logger
from vmie_runtime.polling import poll_interval
from vmie_runtime.request import OpenState, Request
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.stages import artefacts
from vmie_runtime.stages.plan import plan, stage_of
from vmie_runtime.stages.stage import Stage, Task, stage_tags
from vmie_runtime.steps.step_event import StepEvent
from vmie_runtime.wiring import publisher, requests_table, settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# EC2's answers are eventually consistent: a task that it does not show may still run. A guess, generous
# against what is known of EC2 and short against an import.
_UNSEEN_SECONDS = 300


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look at the stage's task once.

    Returns:
        `Next`: `finish` after the last stage, `start` where another one follows, and `wait` with `PollAfter`
        in seconds where the task goes on.

    Raises:
        TaskFailed: If the task ended without what it was for.
        RequestFailure: If the deadline has passed, the task stalls or is lost, or its source was overwritten.
    """
    step = StepEvent.from_event(event)
    table = requests_table()
    request = step.require_request(table)
    stage = stage_of(request)
    if stage is None:
        return {"Next": "finish"}
    if request.task_id is None:  # An earlier run of this step has ended the stage before.
        return {"Next": "start"}
    task = stage.describe(client("ec2"), request.task_id)
    if task is None:
        _require_seen_lately(request, step.now)
        return _look_again(request, step.now)
    if stage.marks_what_it_names and task.status in ("active", "completed"):
        request = _mark(request, task, table)
    if task.status == "completed":
        return _after(stage, task, request, table, step.now)
    if task.status == "deleted":
        raise TaskFailed(
            "ImportTaskFailed",
            task.phase or "The service deleted the task and gave no reason.",
            StatusMessage=task.phase or "",
        )
    _require_worth_waiting(request, step.now)
    moved_at = _note_progress(table, request, task, step.now)
    if stage.shows_progress and seconds_between(moved_at, step.now) > settings().stall_seconds:
        raise RequestFailure(
            "TaskStalled",
            f"The task {task.id} stands at {task.phase!r}, {task.progress or 'no'} % since {moved_at}.",
        )
    return _look_again(request, step.now)


def _after(stage: Stage, task: Task, request: Request, table: RequestsTable, now: str) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "stage": request.stage + 1,
        "made": stage.made_after(request.made, task),
        "task_id": None,
        "phase": None,
        "progress": None,
        "changed_at": now,
    }
    table.update(request.id, changes, expect=OpenState.LIVE)
    return {"Next": "start" if request.stage + 1 < len(plan(request)) else "finish"}


def _mark(request: Request, task: Task, table: RequestsTable) -> Request:
    """Tag what a task has come to name, and write it down: whoever cleans up must find it as ours."""
    new = task.made.without(request.made)
    if new == Made():
        return request
    marked = artefacts.mark(client("ec2"), new, stage_tags(request, settings().requests_table))
    made = request.made.and_also(marked)
    table.update(request.id, {"made": made}, expect=OpenState.LIVE)
    return replace(request, made=made)


def _look_again(request: Request, now: str) -> dict[str, Any]:
    return {"Next": "wait", "PollAfter": poll_interval(seconds_between(request.started_at or now, now))}


def _require_seen_lately(request: Request, now: str) -> None:
    if request.changed_at is None or seconds_between(request.changed_at, now) > _UNSEEN_SECONDS:
        raise RequestFailure("TaskLost", f"EC2 no longer knows the task {request.task_id}.")


def _require_worth_waiting(request: Request, now: str) -> None:
    if request.superseded:
        raise RequestFailure(
            "SourceChanged",
            f"{request.label} was overwritten while its task ran; the newer object has a request of its own.",
        )
    if request.deadline_at is not None and now >= request.deadline_at:
        raise RequestFailure(
            "DeadlineExceeded",
            f"The request had not ended by its deadline, {request.deadline_at}.",
            status="TimedOut",
        )


def _note_progress(table: RequestsTable, request: Request, task: Task, now: str) -> str:
    """Write down and publish what moved; tell since when the task stands where it is."""
    if (task.phase, task.progress) == (request.phase, request.progress) and request.changed_at:
        return request.changed_at
    is_open = table.update(request.id, {"progress": task.progress, "changed_at": now}, expect=OpenState.LIVE)
    if is_open and task.phase != request.phase:
        moved = replace(request, phase=task.phase, progress=task.progress)
        is_first = request.phase is None and request.stage == 0
        try:
            publisher().publish_step(moved, event="Started" if is_first else "Progressed", now=now)
        except (ClientError, TransientServiceError):
            # No reason to cancel an import that runs; the phase, not noted, is published at the next look.
            logger.exception("Progress could not be published", extra={"request_id": request.id})
        else:
            table.update(request.id, {"phase": task.phase}, expect=OpenState.LIVE)
    return now
