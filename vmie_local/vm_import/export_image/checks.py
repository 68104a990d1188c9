"""Whether an AMI can be exported (user guide, "Exporting a VM directly from an AMI", considerations)."""

from __future__ import annotations

from vmie_local.place import Place
from vmie_local.vm_import.exports import errors
from vmie_local.vm_import.exports.ports import Disk, Machine

LARGEST_VOLUME = 1024
"""GiB: volumes of more than 1 TiB are not exported."""


def exportable_disk(place: Place, image: Machine) -> Disk:
    """The disk of an AMI that can be exported.

    Raises:
        ApiError: `InvalidParameter` or `NotExportable`, with the first reason why it cannot.
    """
    if image.marketplace:
        raise errors.marketplace_image(image.id)
    if any(disk.encrypted for disk in image.disks):
        raise errors.image_not_exportable(image.id, "has encrypted EBS block devices")
    if image.owner != place.account:
        raise errors.image_not_exportable(image.id, "is owned by another account")
    if image.instance_store or not image.disks:
        raise errors.image_not_exportable(image.id, "has no EBS root device")
    if len(image.disks) > 1:
        raise errors.image_not_exportable(image.id, "has more than one EBS block device")
    (disk,) = image.disks
    if disk.size > LARGEST_VOLUME:
        raise errors.image_not_exportable(image.id, "has an EBS block device of more than 1 TiB")
    if image.state != "available":
        raise errors.image_not_exportable(image.id, f"is {image.state}")
    return disk
