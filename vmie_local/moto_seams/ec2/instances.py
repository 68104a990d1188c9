"""Instances whose disks come from their AMI's snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_local.moto_seams.seam import Seam, replace

_DEFAULT_DISKS = Seam(
    "moto.ec2.models.instances:Instance.setup_defaults",
    "gives every instance one disk of 8 GiB",
    ("self",),
)
SEAMS = (
    _DEFAULT_DISKS,
    Seam(
        "moto.ec2.models.instances:Instance.add_block_device",
        "makes and attaches a volume",
        (
            "self",
            "size",
            "device_path",
            "snapshot_id",
            "encrypted",
            "delete_on_termination",
            "kms_key_id",
            "volume_type",
        ),
    ),
)


def take_disks_of_image() -> None:
    """Give an instance that names no disks those of its AMI."""
    replace(_DEFAULT_DISKS, _disks_of_image)


def _disks_of_image(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def setup_defaults(self: Any) -> None:
        image = self.ec2_backend.amis.get(self.image_id)
        if image is None:
            original(self)
            return
        for mapping in image.block_device_mappings:
            ebs = mapping["Ebs"]
            known = ebs["SnapshotId"] in self.ec2_backend.snapshots
            self.add_block_device(
                ebs["VolumeSize"],
                mapping["DeviceName"],
                ebs["SnapshotId"] if known else None,
                ebs.get("Encrypted", False),
                ebs["DeleteOnTermination"],
                None,
                volume_type=ebs["VolumeType"],
            )

    return setup_defaults
