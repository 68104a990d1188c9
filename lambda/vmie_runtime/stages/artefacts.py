"""What stages made is removed: all of it after a failure, what was replaced after a success."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from time import sleep
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.stages.stage import ec2_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

# Seconds until the policies see a tag that was set a moment ago, by EC2's eventual consistency: a guess.
_UNTIL_SEEN = (1, 2, 4, 8)


def remove(ec2: EC2Client, made: Made, tags: dict[str, str], *, keep: Iterable[str] = ()) -> None:
    """Deregister images, and delete snapshots and volumes.

    They are tagged first: the role may remove only what carries the workflow's tag. A task that was cancelled
    still names the snapshots that the service has deleted with it: what is gone cannot be tagged, and what is
    not tagged may not be deleted.

    Args:
        ec2: The EC2 client.
        made: What shall go.
        tags: The tags that tell it as ours.
        keep: Snapshots that are somebody else's, although an image holds them.

    Raises:
        TransientServiceError: If something is still in use; the call must be repeated.
    """
    images = _existing_images(ec2, (*made.image_ids, *made.replaced_image_ids))
    snapshots = {*made.snapshot_ids, *made.replaced_snapshot_ids, *_snapshots_of(images)} - set(keep)
    allowed = _AllowedByTag(ec2, tags)
    ours = {
        resource
        for resource in (*sorted(image["ImageId"] for image in images), *sorted(snapshots), *made.volume_ids)
        if allowed.tag(resource)
    }
    for instance_id in made.instance_ids:
        allowed.tag(instance_id)
        allowed.make(instance_id, partial(ec2.terminate_instances, InstanceIds=[instance_id]))
    for image in images:
        if image["ImageId"] in ours:
            allowed.make(image["ImageId"], partial(ec2.deregister_image, ImageId=image["ImageId"]))
    for snapshot_id in sorted(snapshots & ours):
        allowed.make(snapshot_id, partial(ec2.delete_snapshot, SnapshotId=snapshot_id))
    for volume_id in made.volume_ids:
        if volume_id in ours:
            _delete_volume(ec2, volume_id, made.instance_ids, allowed)


def mark(ec2: EC2Client, made: Made, tags: dict[str, str]) -> Made:
    """Tag instances and volumes that a task names; give those that EC2 shows already.

    Args:
        ec2: The EC2 client.
        made: What the task names.
        tags: The tags that tell it as ours.
    """

    def shown(resources: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            each
            for each in resources
            if _still_there(partial(ec2.create_tags, Resources=[each], Tags=ec2_tags(tags)))
        )

    return Made(instance_ids=shown(made.instance_ids), volume_ids=shown(made.volume_ids))


class _AllowedByTag:
    """Calls about what was tagged a moment ago, which a policy allows by that tag.

    A refusal is believed once all of them together have waited for as long as EC2 may take to see the tags.
    What somebody else has removed meanwhile has no tag either: tagging it again tells.
    """

    def __init__(self, ec2: EC2Client, tags: dict[str, str]) -> None:
        self._ec2, self._tags = ec2, ec2_tags(tags)
        self._pauses = iter(_UNTIL_SEEN)

    def tag(self, resource_id: str) -> bool:
        """Tag a resource; tell whether it was there."""
        return _still_there(partial(self._ec2.create_tags, Resources=[resource_id], Tags=self._tags))

    def make(self, resource_id: str, call: Callable[[], object]) -> bool:
        """Make a call about a resource; tell whether that was there."""
        while True:
            try:
                return _still_there(call)
            except ClientError as error:
                if error_code(error) != "UnauthorizedOperation":
                    raise
                if not self.tag(resource_id):
                    return False
                pause = next(self._pauses, None)
                if pause is None:
                    raise
                sleep(pause)


def _delete_volume(
    ec2: EC2Client, volume_id: str, terminated: tuple[str, ...], allowed: _AllowedByTag
) -> None:
    for attachment in _attachments(ec2, volume_id):
        if attachment.get("State") in ("attached", "attaching", "busy"):
            if attachment.get("InstanceId") not in terminated:
                allowed.make(volume_id, partial(ec2.detach_volume, VolumeId=volume_id))
            raise TransientServiceError(f"The volume {volume_id} is being detached.")
    allowed.make(volume_id, partial(ec2.delete_volume, VolumeId=volume_id))


def _attachments(ec2: EC2Client, volume_id: str) -> list[Any]:
    found: list[Any] = []
    _still_there(lambda: found.extend(ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"]))
    return found[0].get("Attachments", []) if found else []


def _snapshots_of(images: list[Any]) -> set[str]:
    return {
        mapping["Ebs"]["SnapshotId"]
        for image in images
        for mapping in image.get("BlockDeviceMappings", [])
        if mapping.get("Ebs", {}).get("SnapshotId")
    }


def _existing_images(ec2: EC2Client, image_ids: Iterable[str]) -> list[Any]:
    found: list[Any] = []
    for image_id in image_ids:
        try:
            with transient_errors_named():
                found.extend(ec2.describe_images(ImageIds=[image_id])["Images"])
        except ClientError as error:
            if error_code(error) not in ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"):
                raise
    return found


def _still_there(call: Callable[[], object]) -> bool:
    """Make a call about a resource; tell whether the resource was there."""
    try:
        with transient_errors_named():
            call()
    except ClientError as error:
        if error_code(error) in ("InvalidSnapshot.InUse", "VolumeInUse"):
            # What used it went a moment ago, which EC2 has yet to see.
            raise TransientServiceError(f"{error.operation_name}: {error_message(error)}") from error
        if "NotFound" not in error_code(error) and "Unavailable" not in error_code(error):
            raise
        return False
    return True
