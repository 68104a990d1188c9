"""ImportInstance and ImportVolume: conversion tasks, which make an instance or a volume of disks.

They take neither a token nor tags. Their tasks are told by the description that they were started with, and
what they make is tagged as soon as the task names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.checks.conversion_tasks import require_fitting_volumes
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.stages.import_tasks import unless_unknown
from vmie_runtime.stages.manifests import image_parameters
from vmie_runtime.stages.stage import ATTEMPT_TAG, REQUEST_ID_TAG, STAGE_TAG, WORKFLOW_TAG, Stage, Task, Work

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_STATUS = {"active": "active", "cancelling": "deleting", "cancelled": "deleted", "completed": "completed"}
_MARK = re.compile(
    r"(?:.* )?\(vmie (?P<workflow>[\w.-]+) (?P<request>[0-9a-f]+) (?P<attempt>\d+)\.(?P<stage>\d+)\)",
    re.DOTALL,
)
_LONGEST_DESCRIPTION = 255
_PROGRESS = re.compile(r"Progress: (?P<percentage>\d+)%")
# EC2 API reference, CancelConversionTask: a task that transfers the last of its image ends by itself.
_TOO_LATE_TO_CANCEL = "DeleteConversionTaskError"
# What the URL of a manifest authorises stands behind its question mark.
_QUERY = re.compile(r"(?<=[^\s?])\?\S+")


class ConversionStage(Stage):
    """A stage that runs a conversion task."""

    is_import_task = True
    marks_what_it_names = True
    has_manifest = True
    first_look_after = 20

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The task as DescribeConversionTasks shows it."""
        try:
            with transient_errors_named():
                found = ec2.describe_conversion_tasks(ConversionTaskIds=[task_id])["ConversionTasks"]
        except ClientError as error:
            unless_unknown(error)
            return None
        return _task(found[0]) if found else None

    def find(self, work: Work) -> Task | None:
        """The task whose description names this stage of this attempt; one that still runs before others."""
        wanted = work.tags.items()
        found = [task for task in _all_tasks(work.ec2) if wanted <= task.tags.items()]
        return min(found, key=lambda task: task.ended, default=None)

    def cancel(self, ec2: EC2Client, task: Task, reason: str) -> None:
        """Ask the service to cancel a task; one that is about to end is left to end."""
        if task.status != "active":
            return
        try:
            with transient_errors_named():
                ec2.cancel_conversion_task(ConversionTaskId=task.id, ReasonMessage=reason[:255])
        except ClientError as error:
            if error_code(error) == _TOO_LATE_TO_CANCEL:
                return
            found = self.describe(ec2, task.id)
            if found is not None and found.status == "active":
                raise


class ImportInstance(ConversionStage):
    """A stopped instance of a VM's boot disk."""

    operation = "ImportInstance"

    def start(self, work: Work) -> str:
        """Call ImportInstance with the boot disk; the service takes one (user guide).

        Raises:
            RequestRejected: If a disk is larger than the volume that is asked for.
        """
        parameters = work.request.parameters
        boot = parameters["DiskImages"][0]
        require_fitting_volumes("ImportInstance", parameters, work.request.inspection)
        image = image_parameters(work, boot["Image"], volume_gib=boot["Volume"]["Size"])
        launch = {name: parameters[name] for name in ("LaunchSpecification",) if name in parameters}
        return _started(
            lambda: work.ec2.import_instance(
                **launch,
                Platform=parameters["Platform"],
                Description=marked_description(work, parameters.get("Description", "")),
                DiskImages=[cast(Any, {**boot, "Image": image})],
            )
        )

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The task, which has completed once its instance has stopped."""
        task = super().describe(ec2, task_id)
        if task is None or task.status != "completed":
            return task
        instance = find_instance(ec2, task.made.instance_ids[-1]) if task.made.instance_ids else None
        state = instance["State"]["Name"] if instance else "unknown"
        if state in ("pending", "stopping"):
            return replace(task, status="active", phase=f"The instance is {state}")
        return task


class ImportVolume(ConversionStage):
    """A volume of one disk: of an ImportVolume request, or one of the further disks of a VM."""

    operation = "ImportVolume"

    def __init__(self, disk: int | None = None) -> None:
        """Import a disk.

        Args:
            disk: Its number among the `DiskImages` of an ImportInstance request. Default: the disk of an
                ImportVolume request.
        """
        self._disk = disk

    def start(self, work: Work) -> str:
        """Call ImportVolume; a further disk of a VM goes where its instance is.

        Raises:
            RequestRejected: If the disk is larger than the volume that is asked for.
        """
        parameters = work.request.parameters
        disk = parameters if self._disk is None else parameters["DiskImages"][self._disk]
        if self._disk is None:
            require_fitting_volumes("ImportVolume", parameters, work.request.inspection)
        description = disk.get("Description") or parameters.get("Description", "")
        arguments: Any = {
            **_zone(work, disk),
            "Description": marked_description(work, description),
            "Image": image_parameters(work, disk["Image"], volume_gib=disk["Volume"]["Size"]),
            "Volume": disk["Volume"],
        }
        return _started(lambda: work.ec2.import_volume(**arguments))


def active_conversions(ec2: EC2Client) -> Iterator[tuple[Stage, Task]]:
    """Every conversion task that runs, whoever started it."""
    stage = ImportVolume()
    for task in _all_tasks(ec2):
        if task.status == "active":
            yield stage, task


def ended_conversions(ec2: EC2Client) -> Iterator[Task]:
    """Every conversion task that ended and that EC2 still shows, whoever started it."""
    yield from (task for task in _all_tasks(ec2) if task.ended)


def find_instance(ec2: EC2Client, instance_id: str) -> Any:
    """An instance, or None where EC2 does not know it (yet)."""
    try:
        with transient_errors_named():
            found = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    except ClientError as error:
        if error_code(error) == "InvalidInstanceID.NotFound":
            return None
        raise
    return found[0]["Instances"][0] if found else None


def marked_description(work: Work, words: str) -> str:
    """The description of a task: the requester's words, and what tells the task as ours.

    Ours stands at the end, where no words of a request can.
    """
    request = work.request
    mark = f"(vmie {work.workflow} {request.id} {request.attempt}.{request.stage})"
    words = "".join(character if character.isprintable() else " " for character in words)
    return f"{words[: _LONGEST_DESCRIPTION - len(mark) - 1]} {mark}".lstrip()


def _zone(work: Work, disk: dict[str, Any]) -> dict[str, str]:
    named: dict[str, str] = {
        name: disk[name] for name in ("AvailabilityZone", "AvailabilityZoneId") if name in disk
    }
    if named or not work.request.made.instance_ids:
        return named
    instance = find_instance(work.ec2, work.request.made.instance_ids[-1])
    if instance is None:
        raise TransientServiceError("EC2 does not show the imported instance yet.")
    return {"AvailabilityZone": instance["Placement"]["AvailabilityZone"]}


def _started(call: Callable[[], Any]) -> str:
    try:
        with transient_errors_named():
            return str(call()["ConversionTask"]["ConversionTaskId"])
    except ClientError as error:
        # What EC2 says may repeat the URL that it was called with, and goes into results.
        answer: Any = {**error.response, "Error": {"Code": error_code(error)}}
        answer["Error"]["Message"] = _without_secrets(error_message(error))
        raise ClientError(answer, error.operation_name) from None


def _all_tasks(ec2: EC2Client) -> Iterator[Task]:
    with transient_errors_named():
        yield from map(_task, ec2.describe_conversion_tasks()["ConversionTasks"])


def _task(described: Any) -> Task:
    """A task, of which only these fields are read: it also shows the URL of the manifest."""
    detail = described.get("ImportInstance") or described.get("ImportVolume") or {}
    disks = detail.get("Volumes", []) if "ImportInstance" in described else [detail]
    volumes = [disk.get("Volume", {}).get("Id") for disk in disks]
    instance_id = detail.get("InstanceId")
    status = _STATUS.get(described.get("State", "active"), "active")
    messages = [described.get("StatusMessage"), *(disk.get("StatusMessage") for disk in disks)]
    phase, progress = _standing([message for message in messages if message], ended=status == "deleted")
    return Task(
        id=described["ConversionTaskId"],
        status=status,
        phase=phase if status != "completed" else None,
        progress=progress,
        made=Made(
            instance_ids=(instance_id,) if instance_id else (),
            volume_ids=tuple(volume for volume in volumes if volume),
        ),
        tags=_tags_in(detail.get("Description", "")),
    )


def _standing(messages: list[str], *, ended: bool) -> tuple[str | None, str | None]:
    """Phase and percentage, which EC2 gives as one text."""
    for message in messages:
        found = _PROGRESS.fullmatch(message.strip())
        if found is None:
            return _without_secrets(message), None
        if not ended:  # How far it came is no reason why it ended.
            return "Progress", found["percentage"]
    return None, None


def _tags_in(description: str) -> dict[str, str]:
    """What a description says in place of tags."""
    found = _MARK.fullmatch(description)
    if found is None:
        return {}
    return {
        REQUEST_ID_TAG: found["request"],
        ATTEMPT_TAG: found["attempt"],
        STAGE_TAG: found["stage"],
        WORKFLOW_TAG: found["workflow"],
    }


def _without_secrets(message: str) -> str:
    return _QUERY.sub("?…", message)
