"""The stages that end in an AMI without an import task: RegisterImage, CopyImage and CreateImage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.made import Made
from vmie_runtime.object_keys import file_name
from vmie_runtime.request import Request
from vmie_runtime.request_documents.registration_rules import ROOT_DEVICE
from vmie_runtime.stages.containers import containers_of
from vmie_runtime.stages.stage import Stage, Task, Work, ec2_tags, plain_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_GONE = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")
_STATUS = {"available": "completed", "failed": "deleted", "error": "deleted", "invalid": "deleted"}
# EC2 User Guide, "Device names for volumes": what is recommended for volumes beside the root.
_OTHER_DEVICES = [f"/dev/sd{letter}" for letter in "fghijklmnopbcdeqrstuvwxyz"]
_LONGEST_NAME = 128
# What RegisterImage takes out of a request that asks for an AMI without saying how to register it.
_OF_PARAMETERS = ("Architecture", "BootMode", "Description")


class ImageStage(Stage):
    """A stage that makes an AMI."""

    first_look_after = 10
    shows_progress = False

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The image; EC2 shows a new one a moment late."""
        try:
            with transient_errors_named():
                found = ec2.describe_images(ImageIds=[task_id])["Images"]
        except ClientError as error:
            if error_code(error) in _GONE:
                return None
            raise
        return self._task(found[0]) if found else None

    def find(self, work: Work) -> Task | None:
        """The image that carries the tags of this stage of this attempt."""
        filters: Any = [{"Name": f"tag:{key}", "Values": [value]} for key, value in work.tags.items()]
        with transient_errors_named():
            found = work.ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
        return self._task(found[0]) if found else None

    def _task(self, image: Any) -> Task:
        state = image.get("State", "pending")
        snapshots = tuple(
            mapping["Ebs"]["SnapshotId"]
            for mapping in image.get("BlockDeviceMappings", [])
            if mapping.get("Ebs", {}).get("SnapshotId")
        )
        return Task(
            id=image["ImageId"],
            status=_STATUS.get(state, "active"),
            phase=image.get("StateReason", {}).get("Message") or state,
            made=self._made(image["ImageId"], snapshots),
            tags=plain_tags(image.get("Tags", [])),
        )

    def _made(self, image_id: str, snapshot_ids: tuple[str, ...]) -> Made:
        return Made(image_ids=(image_id,), snapshot_ids=snapshot_ids)


class RegisterImage(ImageStage):
    """An AMI over the imported snapshots; the guest is not modified."""

    operation = "RegisterImage"

    def start(self, work: Work) -> str:
        """Call RegisterImage."""
        with transient_errors_named():
            return work.ec2.register_image(**register_image_parameters(work))["ImageId"]

    def _made(self, image_id: str, snapshot_ids: tuple[str, ...]) -> Made:  # noqa: ARG002
        # The snapshots are the import's, or the requester's own.
        return Made(image_ids=(image_id,))


class CopyImage(ImageStage):
    """A copy of the imported AMI under a name: ImportImage names its AMI after the task."""

    operation = "CopyImage"
    has_token = True

    def start(self, work: Work) -> str:
        """Call CopyImage within the Region."""
        request = work.request
        tags = ec2_tags(work.tags)
        with transient_errors_named():
            answer = work.ec2.copy_image(
                Name=request.options["Name"],
                Description=str(request.parameters.get("Description") or f"Imported by {request.label}")[
                    :255
                ],
                SourceImageId=str(request.made.image_id),
                SourceRegion=work.settings.region,
                ClientToken=request.token,
                TagSpecifications=[
                    {"ResourceType": "image", "Tags": tags},
                    {"ResourceType": "snapshot", "Tags": tags},
                ],
            )
        return answer["ImageId"]

    def made_after(self, made: Made, task: Task) -> Made:
        """The copy in place of what was copied."""
        return replace(
            made,
            image_ids=task.made.image_ids,
            snapshot_ids=task.made.snapshot_ids,
            replaced_image_ids=made.image_ids,
            replaced_snapshot_ids=made.snapshot_ids,
        )


class CreateImage(ImageStage):
    """An AMI of the imported instance, which is stopped."""

    operation = "CreateImage"

    def start(self, work: Work) -> str:
        """Call CreateImage."""
        request = work.request
        tags = ec2_tags(work.tags)
        asked = request.options["CreateImage"]
        with transient_errors_named():
            answer = work.ec2.create_image(
                InstanceId=request.made.instance_ids[-1],
                Name=asked.get("Name") or request.options.get("Name") or image_name(work),
                Description=asked.get("Description") or f"Imported by {request.label}"[:255],
                TagSpecifications=[
                    {"ResourceType": "image", "Tags": tags},
                    {"ResourceType": "snapshot", "Tags": tags},
                ],
            )
        return answer["ImageId"]


def registered_as(request: Request, defaults: dict[str, Any]) -> dict[str, Any]:
    """What an image is registered as: what the request says, then what the owner says, then what was found.

    Args:
        request: The request, its inspection in it.
        defaults: What the stack's owner configured, in ImportImage's terms.
    """
    found = (request.inspection or {}).get("Recommendation") or {}
    known = {
        name: request.parameters.get(name) or defaults.get(name) or found.get(name) for name in _OF_PARAMETERS
    }
    return {
        "Architecture": "x86_64",
        "EnaSupport": True,
        "VirtualizationType": "hvm",
        "RootDeviceName": ROOT_DEVICE,
        **{name: value for name, value in known.items() if value},
        **request.options.get("RegisterImage", {}),
    }


def register_image_parameters(work: Work) -> Any:
    """What RegisterImage is called with."""
    request = work.request
    registered = registered_as(request, work.settings.import_defaults)
    root = registered["RootDeviceName"]
    return {
        "Description": f"Imported by {request.label}"[:255],
        "Name": request.options.get("Name") or image_name(work),
        **registered,
        "BlockDeviceMappings": _devices(work, root),
        "TagSpecifications": [{"ResourceType": "image", "Tags": ec2_tags(work.tags)}],
    }


def _devices(work: Work, root: str) -> list[Any]:
    request = work.request
    containers = containers_of(request.operation, request.parameters)
    imported = iter(request.made.snapshot_ids)
    taken = {root, *(container.get("DeviceName") for container in containers[1:])}
    free = (name for name in _OTHER_DEVICES if name not in taken)
    devices = []
    for number, container in enumerate(containers):
        snapshot = container.get("SnapshotId") or next(imported)
        name = root if number == 0 else container.get("DeviceName") or next(free)
        devices.append({"DeviceName": name, "Ebs": {"SnapshotId": snapshot, "DeleteOnTermination": True}})
    return devices


def image_name(work: Work) -> str:
    """A name for an AMI that nobody named: the disk's own and, since names are unique, the request's id."""
    request = work.request
    disk = request.disks[0]["Key"] if request.disks else (request.source.key if request.source else "import")
    stem = file_name(disk).rpartition(".")[0] or file_name(disk)
    plain = "".join(
        character if character.isascii() and (character.isalnum() or character in "()./-'@_ ") else "-"
        for character in stem
    )
    ending = f"-{request.id[:8]}-{request.attempt}"
    return plain[: _LONGEST_NAME - len(ending)] + ending
