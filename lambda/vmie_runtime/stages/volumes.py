"""The stages that turn a snapshot into a volume and attach it to an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.made import Made
from vmie_runtime.stages.stage import Stage, Task, Work, ec2_tags, merged_tags, plain_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_STATUS = {"available": "completed", "in-use": "completed", "error": "deleted", "deleted": "deleted"}
_GONE = "InvalidVolume.NotFound"
FURTHER_DEVICES = tuple(f"/dev/sd{letter}" for letter in "fghijklmnop")
"""What EC2 recommends for volumes beside the root (EC2 User Guide, "Device names for volumes")."""


class CreateVolume(Stage):
    """A volume of the imported snapshot."""

    operation = "CreateVolume"
    shows_progress = False
    has_token = True

    def start(self, work: Work) -> str:
        """Call CreateVolume with what the request's `CreateVolume` says."""
        request = work.request
        tags = merged_tags(work, "volume")
        with transient_errors_named():
            answer = work.ec2.create_volume(
                **request.options["CreateVolume"],
                SnapshotId=request.made.snapshot_ids[0],
                ClientToken=request.token,
                TagSpecifications=[{"ResourceType": "volume", "Tags": ec2_tags(tags)}],
            )
        return answer["VolumeId"]

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The volume."""
        volume = _volume(ec2, task_id)
        if volume is None:
            return None
        state = volume["State"]
        return Task(
            id=task_id,
            status=_STATUS.get(state, "active"),
            phase=state,
            made=Made(volume_ids=(task_id,)),
            tags=plain_tags(volume.get("Tags", [])),
        )

    def find(self, work: Work) -> Task | None:
        """The volume that carries the tags of this stage of this attempt."""
        filters: Any = [{"Name": f"tag:{key}", "Values": [value]} for key, value in work.tags.items()]
        with transient_errors_named():
            found = work.ec2.describe_volumes(Filters=filters)["Volumes"]
        return self.describe(work.ec2, found[0]["VolumeId"]) if found else None


class AttachVolume(Stage):
    """The attachment of the volume to an instance."""

    operation = "AttachVolume"
    shows_progress = False

    def start(self, work: Work) -> str:
        """Call AttachVolume with what the request's `AttachVolume` says."""
        volume_id = work.request.made.volume_ids[0]
        with transient_errors_named():
            work.ec2.attach_volume(**work.request.options["AttachVolume"], VolumeId=volume_id)
        return volume_id

    def describe(self, ec2: EC2Client, task_id: str) -> Task | None:
        """The volume's attachment."""
        volume = _volume(ec2, task_id)
        attachments = volume.get("Attachments", []) if volume else []
        if not attachments:
            return None
        state = str(attachments[0].get("State", "attaching"))
        return Task(
            id=task_id,
            status="completed" if state == "attached" else "active",
            phase=state,
            made=Made(volume_ids=(task_id,)),
        )

    def find(self, work: Work) -> Task | None:
        """The attachment, where the call was made already."""
        return self.describe(work.ec2, work.request.made.volume_ids[0])


class AttachFurtherDisk(AttachVolume):
    """The attachment of a further disk of a VM to the instance that was imported of its boot disk."""

    def __init__(self, number: int, count: int) -> None:
        """Attach a disk.

        Args:
            number: Which of the further disks, from 0.
            count: How many there are.
        """
        self._number, self._count = number, count

    def start(self, work: Work) -> str:
        """Call AttachVolume for the imported instance, which is stopped."""
        volume_id = self._volume_id(work)
        with transient_errors_named():
            work.ec2.attach_volume(
                InstanceId=work.request.made.instance_ids[-1],
                VolumeId=volume_id,
                Device=FURTHER_DEVICES[self._number],
            )
        return volume_id

    def find(self, work: Work) -> Task | None:
        """The attachment, where the call was made already."""
        return self.describe(work.ec2, self._volume_id(work))

    def _volume_id(self, work: Work) -> str:
        # What came before is the volume of the boot disk, where the task named it.
        return work.request.made.volume_ids[-self._count :][self._number]


def _volume(ec2: EC2Client, volume_id: str) -> Any:
    try:
        with transient_errors_named():
            found = ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"]
    except ClientError as error:
        if error_code(error) == _GONE:
            return None
        raise
    return found[0] if found else None
