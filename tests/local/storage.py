"""A snapshot with a few blocks, and what the tests of AMIs and volumes do with it."""

from __future__ import annotations

import base64
import hashlib
import random
from dataclasses import dataclass
from typing import Any

from tests.local.making import eventually, unique
from vmie_local import LocalAws

BLOCK = 512 << 10
CONTENT = {0: random.Random(1).randbytes(BLOCK), 9: random.Random(2).randbytes(BLOCK)}  # noqa: S311 - test data
QUICK = {"Delay": 0.05, "MaxAttempts": 1200}
"""A waiter that looks often, for a minute."""


@dataclass
class Storage:
    """EC2 and EBS direct of one local AWS."""

    cloud: LocalAws
    ec2: Any

    def write(self) -> str:
        """A new snapshot of 1 GiB with the content."""
        ebs = self.cloud.client("ebs")
        snapshot_id = str(ebs.start_snapshot(VolumeSize=1)["SnapshotId"])
        for index, data in CONTENT.items():
            ebs.put_snapshot_block(
                SnapshotId=snapshot_id,
                BlockIndex=index,
                BlockData=data,
                DataLength=BLOCK,
                Checksum=base64.b64encode(hashlib.sha256(data).digest()).decode(),
                ChecksumAlgorithm="SHA256",
            )
        ebs.complete_snapshot(SnapshotId=snapshot_id, ChangedBlocksCount=len(CONTENT))
        return snapshot_id

    def holds_content(self, snapshot_id: str, region: str | None = None) -> bool:
        """Whether a snapshot holds the content and nothing else."""
        ebs = self.cloud.client("ebs", region=region)
        listed = ebs.list_snapshot_blocks(SnapshotId=snapshot_id)["Blocks"]
        found = {
            entry["BlockIndex"]: ebs.get_snapshot_block(SnapshotId=snapshot_id, **entry)["BlockData"].read()
            for entry in listed
        }
        return found == CONTENT

    def register(self, snapshot_id: str, **parameters: Any) -> str:
        """An available AMI."""
        given = {
            "Name": unique("web"),
            "Architecture": "x86_64",
            "VirtualizationType": "hvm",
            "EnaSupport": True,
            "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot_id}}],
            **parameters,
        }
        image_id = str(self.ec2.register_image(**given)["ImageId"])
        self.await_image(image_id)
        return image_id

    def copy_snapshot(self, snapshot_id: str, **parameters: Any) -> dict[str, Any]:
        """The answer of CopySnapshot, once the copy is completed."""
        answer = self.ec2.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=snapshot_id, **parameters)
        self.await_snapshot(answer["SnapshotId"])
        return dict(answer)

    def await_image(self, image_id: str, ec2: Any = None) -> None:
        (ec2 or self.ec2).get_waiter("image_available").wait(ImageIds=[image_id], WaiterConfig=QUICK)

    def await_snapshot(self, snapshot_id: str) -> None:
        self.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot_id], WaiterConfig=QUICK)

    def image(self, image_id: str, ec2: Any = None) -> dict[str, Any]:
        return dict((ec2 or self.ec2).describe_images(ImageIds=[image_id])["Images"][0])

    def snapshot(self, snapshot_id: str, ec2: Any = None) -> dict[str, Any]:
        return dict((ec2 or self.ec2).describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0])

    def volume(self, volume_id: str) -> dict[str, Any]:
        return dict(self.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0])

    def make_volume(self, **parameters: Any) -> str:
        """An available volume in us-east-1a."""
        given = {"AvailabilityZone": "us-east-1a", **parameters}
        volume_id = str(self.ec2.create_volume(**given)["VolumeId"])
        self.await_volume(volume_id)
        return volume_id

    def await_volume(self, volume_id: str) -> None:
        eventually(lambda: self.volume(volume_id)["State"] == "available", f"{volume_id} available")

    def launch(self, image_id: str, **parameters: Any) -> dict[str, Any]:
        answer = self.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, **parameters)
        return dict(answer["Instances"][0])
