"""Which stages a request goes through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vmie_runtime.request import Request
from vmie_runtime.stages.adoption import Adopt
from vmie_runtime.stages.containers import containers_of
from vmie_runtime.stages.images import CopyImage, RegisterImage
from vmie_runtime.stages.import_image import ImportImage
from vmie_runtime.stages.import_snapshot import ImportSnapshot
from vmie_runtime.stages.import_tasks import ImportTaskStage
from vmie_runtime.stages.stage import Stage, Task
from vmie_runtime.stages.volumes import AttachVolume, CreateVolume

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

# The kinds of stages whose tasks run on when nobody watches them.
_WITH_TASKS: dict[str, tuple[ImportTaskStage, ...]] = {"import": (ImportImage(), ImportSnapshot())}


def active_tasks(workflow: str, ec2: EC2Client) -> Iterator[tuple[Stage, Task]]:
    """Every task that runs in the account of the kinds that a workflow starts, whoever started it.

    Args:
        workflow: `import` or `export`.
        ec2: The EC2 client.
    """
    for stage in _WITH_TASKS[workflow]:
        for task in stage.active(ec2):
            yield stage, task


def plan(request: Request) -> tuple[Stage, ...]:
    """The stages of a request, in their order; none where it is a dry run.

    The same request has the same plan, once its method is decided.
    """
    if request.dry_run:
        return ()
    return tuple(_PLANS[request.operation](request))


def stage_of(request: Request) -> Stage | None:
    """The stage that is under way, or None where the last one has ended."""
    stages = plan(request)
    return stages[request.stage] if request.stage < len(stages) else None


def _import_image(request: Request) -> list[Stage]:
    named: list[Stage] = [CopyImage()] if "Name" in request.options else []
    if request.method == "snapshot":
        containers = containers_of(request.operation, request.parameters)
        disks = [number for number, each in enumerate(containers) if not each.get("SnapshotId")]
        return [*(ImportSnapshot(disk) for disk in disks), RegisterImage()]
    return [_or_adopted(request, ImportImage()), *named]


def _import_snapshot(request: Request) -> list[Stage]:
    stages: list[Stage] = [_or_adopted(request, ImportSnapshot())]
    if "RegisterImage" in request.options or "Name" in request.options:
        stages.append(RegisterImage())
    for option, stage in (("CreateVolume", CreateVolume()), ("AttachVolume", AttachVolume())):
        if option in request.options:
            stages.append(stage)
    return stages


def _or_adopted(request: Request, stage: ImportTaskStage) -> Stage:
    """The stage, or the adoption of a task of its kind; a further attempt starts its own, if it can."""
    startable = bool(containers_of(request.operation, request.parameters))
    adopts = "ImportTaskId" in request.options and (request.attempt == 1 or not startable)
    return Adopt(stage) if adopts else stage


_PLANS = {"ImportImage": _import_image, "ImportSnapshot": _import_snapshot}
