"""Whether an instance can be exported (user guide, "Exporting an instance as a VM", considerations)."""

from __future__ import annotations

from vmie_local.place import Place
from vmie_local.vm_import.exports import errors
from vmie_local.vm_import.exports.ports import Disk, Machine, Machines

LARGEST_VOLUME = 1024
"""GiB: volumes of more than 1 TiB are not exported."""
_STATES = ("running", "stopped")


def exportable_disk(place: Place, instance: Machine, machines: Machines) -> Disk:
    """The disk of an instance that can be exported.

    A volume without a snapshot is one of ImportInstance, which has written to it, or one of an AMI that this
    cloud does not know.

    Raises:
        ApiError: `NotExportable` with the first reason why it cannot, as far as AWS tells one.
    """
    if len(instance.disks) > 1:
        raise errors.several_volumes()
    if instance.instance_store or not instance.disks or instance.state not in _STATES:
        raise errors.instance_not_exportable()
    (disk,) = instance.disks
    if disk.snapshot_id and (instance.marketplace or disk.snapshot_owner != place.account):
        raise errors.foreign_snapshot(disk.snapshot_id)
    if not disk.snapshot_id and machines.blocks(place, disk) is None:
        raise errors.instance_not_exportable()
    if disk.encrypted or disk.size > LARGEST_VOLUME or instance.network_interfaces > 1:
        raise errors.instance_not_exportable()
    return disk
