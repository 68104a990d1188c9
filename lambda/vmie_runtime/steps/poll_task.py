"""Poll task: has it ended, does it move, may it go on; and what comes after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import client
from vmie_runtime.deadlines import require_time_left
from vmie_runtime.errors import RequestFailure, TaskFailed, TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.moments import in_words, length_in_words, seconds_between
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
        _note_unseen(request, table, step.now)
        return _look_again(request, step.now)
    if request.unseen_since is not None:
        table.update(request.id, {"unseen_since": None}, expect=OpenState.LIVE)
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
    if stage.shows_progress:
        _require_moving(task, moved_at, step.now)
    return _look_again(request, step.now)


def _after(stage: Stage, task: Task, request: Request, table: RequestsTable, now: str) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "stage": request.stage + 1,
        "made": stage.made_after(request.made, task),
        "task_id": None,
        "phase": None,
        "progress": None,
        "changed_at": now,
        "unseen_since": None,
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


def _note_unseen(request: Request, table: RequestsTable, now: str) -> None:
    """Write down since when EC2 does not show the task, and give it up after a while.

    Raises:
        RequestFailure: `TaskLost`, or what ends every wait.
    """
    _require_worth_waiting(request, now)
    if request.unseen_since is None:
        table.update(request.id, {"unseen_since": now}, expect=OpenState.LIVE)
    elif seconds_between(request.unseen_since, now) > _UNSEEN_SECONDS:
        raise RequestFailure(
            "TaskLost",
            f"EC2 does not know the task {request.task_id}, since {in_words(request.unseen_since)}.",
        )


def _require_moving(task: Task, moved_at: str, now: str) -> None:
    stands = seconds_between(moved_at, now)
    if stands <= settings().stall_seconds:
        return
    phase = task.phase or "no phase"
    raise RequestFailure(
        "TaskStalled",
        f"The task {task.id} stands at {phase!r}, {task.progress or 'no'} % since {in_words(moved_at)}.",
        phase=phase,
        duration=length_in_words(stands),
        # A guest that does not come up would not do so the next time either.
        Retryable="boot" not in phase.lower(),
    )


def _require_worth_waiting(request: Request, now: str) -> None:
    if request.superseded:
        raise RequestFailure(
            "SourceChanged",
            f"{request.label} was overwritten while its task ran; the newer object has a request of its own.",
        )
    require_time_left(request, now)


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
