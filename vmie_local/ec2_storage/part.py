"""AMIs, snapshots and volumes as a part of the local AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vmie_local.background import Background
from vmie_local.blocks import BlockStore
from vmie_local.ec2_storage import (
    attachments,
    copies,
    errors,
    image_attributes,
    register_image,
    snapshots,
    sources,
    volumes,
)
from vmie_local.ec2_storage.client_tokens import ClientTokens
from vmie_local.ec2_storage.surroundings import Operation, Surroundings
from vmie_local.front_door.api_call import PASS, ApiCall, Handler, Pass
from vmie_local.place import Place
from vmie_local.vm_import import request_errors

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_OPERATIONS: Mapping[str, Operation] = {
    "AttachVolume": attachments.attach_volume,
    "CopyImage": copies.copy_image,
    "CopySnapshot": copies.copy_snapshot,
    "CreateImage": snapshots.create_image,
    "CreateSnapshot": snapshots.create_snapshot,
    "CreateVolume": volumes.create_volume,
    "DeregisterImage": register_image.deregister_image,
    "DetachVolume": attachments.detach_volume,
    "RegisterImage": register_image.register_image,
}


_NOT_HERE: Mapping[str, tuple[str, ...]] = {
    "AttachVolume": ("EbsCardIndex",),
    "CopyImage": ("DestinationAvailabilityZone", "DestinationAvailabilityZoneId", "DestinationOutpostArn"),
    "CopySnapshot": ("DestinationAvailabilityZone", "DestinationOutpostArn"),
    "CreateImage": ("BootModeOverride", "SnapshotLocation"),
    "CreateSnapshot": ("Location", "OutpostArn"),
    "CreateVolume": ("Operator", "OutpostArn", "VolumeInitializationRate"),
    "RegisterImage": ("BillingProducts", "ImageLocation", "KernelId", "RamdiskId", "UefiData"),
}
"""Parameters that would change what is made, and that this AWS does not know how."""


class Ec2Storage:
    """The operations that make and move AMIs, snapshots and volumes."""

    def __init__(self, cloud: LocalAws, blocks: BlockStore) -> None:
        """Register the operations at the front door.

        Args:
            cloud: Its clock, events and front door are used.
            blocks: The bytes of snapshots and volumes.
        """
        self._background = Background(cloud.clock, "ec2-storage", 1)
        self._tokens = ClientTokens()
        self._around = Surroundings(
            clock=cloud.clock,
            blocks=blocks,
            later=self._later,
            publish=cloud.events.publish,
            lock=threading.RLock(),
        )
        for name, operation in _OPERATIONS.items():
            cloud.front_door.register("ec2", name, self._handler(operation))
        cloud.front_door.register("ec2", "RunInstances", _check_image)
        cloud.front_door.register("ec2", "ModifyImageAttribute", image_attributes.modify_image_attribute)

    def stop(self) -> None:
        """End what is under way."""
        self._background.stop()

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        def locked() -> None:
            with self._around.lock:
                work()

        self._background.later(seconds, locked)

    def _handler(self, operation: Operation) -> Handler:
        def handle(call: ApiCall) -> Mapping[str, Any]:
            place, parameters = Place(call.account, call.region), call.parameters
            with self._around.lock:
                known = self._tokens.answer(place, call.operation, parameters)
                if known is not None:
                    return known
                for unknown in _NOT_HERE.get(call.operation, ()):
                    if parameters.get(unknown) is not None:
                        raise errors.not_here(call.operation, unknown)
                act = operation(self._around, place, parameters)
                if parameters.get("DryRun"):
                    raise request_errors.would_have_succeeded()
                answer = act()
                self._tokens.keep(place, call.operation, parameters, answer)
                return answer

        return handle


def _check_image(call: ApiCall) -> Pass:
    """Leave a launch to moto if its AMI, where it names one, is there and available."""
    if image_id := call.parameters.get("ImageId"):
        sources.image(Place(call.account, call.region), image_id)
    return PASS
