"""Nothing is left running: what a request that ends badly has started is cancelled and removed."""

from __future__ import annotations

from collections.abc import Callable

from vmie_runtime import export_objects
from vmie_runtime.made import Made
from vmie_runtime.stages import artefacts, manifests
from vmie_runtime.stages.containers import given_snapshots
from vmie_runtime.stages.plan import plan, stage_of
from vmie_runtime.stages.stage import REQUEST_ID_TAG, WORKFLOW_TAG, Work


def clean_up(work: Work, *, reason: str, remember: Callable[[Made], object]) -> bool:
    """Cancel what the request's stage runs and remove what every stage made.

    Args:
        work: The request.
        reason: What the service keeps as the reason, at most 255 characters.
        remember: Writes down what the request has made before any of it goes: an image that is gone names its
            snapshots no more, and they can be removed only some time after it.

    Returns:
        Whether nothing is left; otherwise the task has not ended yet and the call must be repeated.
    """
    request = work.request
    made = request.made
    stage = stage_of(request)
    task = stage.current(work) if stage else None
    if stage is not None and task is not None:
        if not task.ended:
            stage.cancel(work.ec2, task, reason)
            task = stage.describe(work.ec2, task.id)
        if task is not None:
            if not task.ended:
                return False
            made = made.and_also(task.made)
    if made != request.made:
        remember(made)
    tags = {REQUEST_ID_TAG: request.id, WORKFLOW_TAG: work.workflow}
    artefacts.remove(work.ec2, made, tags, keep=given_snapshots(request.parameters))
    export_objects.remove_exports(work.s3, made.exports)
    remove_manifests(work)
    return True


def remove_manifests(work: Work) -> None:
    """Remove what conversion tasks have read disks by: EC2 does so after a success, and not always then."""
    request = work.request
    for number, stage in enumerate(plan(request)[: request.stage + 1]):
        if stage.has_manifest:
            manifests.remove(work.s3, request, number, work.settings.bucket)
