"""Which stages a request goes through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vmie_runtime.presigned_urls import SESSION
from vmie_runtime.request import Request
from vmie_runtime.stages.adoption import Adopt
from vmie_runtime.stages.containers import containers_of
from vmie_runtime.stages.conversion import (
    ImportInstance,
    ImportVolume,
    active_conversions,
    ended_conversions,
)
from vmie_runtime.stages.export_image import ExportImage
from vmie_runtime.stages.export_instance import CreateInstanceExportTask
from vmie_runtime.stages.export_tasks import ExportTaskStage
from vmie_runtime.stages.images import CopyImage, CreateImage, RegisterImage
from vmie_runtime.stages.import_image import ImportImage
from vmie_runtime.stages.import_snapshot import ImportSnapshot
from vmie_runtime.stages.import_tasks import ImportTaskStage
from vmie_runtime.stages.stage import Stage, Task
from vmie_runtime.stages.volumes import AttachFurtherDisk, AttachVolume, CreateVolume

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_EXPORTS: tuple[ExportTaskStage, ...] = (ExportImage(), CreateInstanceExportTask())
# The kinds of stages whose tasks run on when nobody watches them.
_WITH_TASKS: dict[str, tuple[ImportTaskStage | ExportTaskStage, ...]] = {
    "import": (ImportImage(), ImportSnapshot()),
    "export": _EXPORTS,
}


def active_tasks(
    workflow: str, ec2: EC2Client, *, with_conversions: bool = False
) -> Iterator[tuple[Stage, Task]]:
    """Every task that runs in the account of the kinds that a workflow starts, whoever started it.

    Args:
        workflow: `import` or `export`.
        ec2: The EC2 client.
        with_conversions: Whether the workflow may import instances and volumes, too; it may not even look at
            such tasks otherwise.
    """
    for stage in _WITH_TASKS[workflow]:
        for task in stage.active(ec2):
            yield stage, task
    if with_conversions:
        yield from active_conversions(ec2)


def ended_tasks(workflow: str, ec2: EC2Client, *, with_conversions: bool = False) -> Iterator[Task]:
    """Every task that ended, of the kinds that EC2 may have been asked for twice or that end after a request.

    What an import task made is no part of it: such a task has a token, and is cancelled with its request.

    Args:
        workflow: `import` or `export`.
        ec2: The EC2 client.
        with_conversions: As of `active_tasks`.
    """
    if workflow == "export":
        for stage in _EXPORTS:
            yield from stage.ended(ec2)
    elif with_conversions:
        yield from ended_conversions(ec2)


def plan(request: Request) -> tuple[Stage, ...]:
    """The stages of a request, in their order; none where it is a dry run.

    The same request has the same plan, once its method is decided.
    """
    return () if request.dry_run else stages_of(request)


def stages_of(request: Request) -> tuple[Stage, ...]:
    """The stages that a request asks for, whether it is a dry run or not: what is checked beforehand."""
    return tuple(_PLANS[request.operation](request))


def longest_seconds(request: Request) -> float:
    """How long a request can take: without a limit but for the URLs that conversion tasks read disks by."""
    return (
        int(SESSION.total_seconds()) if any(stage.has_manifest for stage in stages_of(request)) else math.inf
    )


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


def _import_instance(request: Request) -> list[Stage]:
    further = range(1, len(request.parameters["DiskImages"]))
    image: list[Stage] = [CreateImage()] if "CreateImage" in request.options else []
    return [
        ImportInstance(),
        *(ImportVolume(disk) for disk in further),
        *(AttachFurtherDisk(number, len(further)) for number in range(len(further))),
        *image,
    ]


def _import_volume(request: Request) -> list[Stage]:
    return [ImportVolume()]


def _export_image(request: Request) -> list[Stage]:
    return [ExportImage(request.parameters["DiskImageFormat"])]


def _export_instance(request: Request) -> list[Stage]:
    return [CreateInstanceExportTask()]


_PLANS = {
    "ImportImage": _import_image,
    "ImportSnapshot": _import_snapshot,
    "ImportInstance": _import_instance,
    "ImportVolume": _import_volume,
    "ExportImage": _export_image,
    "CreateInstanceExportTask": _export_instance,
}
