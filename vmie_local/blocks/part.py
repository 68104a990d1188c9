"""EBS direct at the front door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vmie_local.blocks.ids import new_snapshot_id
from vmie_local.blocks.ports import Snapshot
from vmie_local.blocks.reading import BlockReader
from vmie_local.blocks.store import BlockStore
from vmie_local.blocks.tokens import Tokens
from vmie_local.blocks.writing import BlockWriter
from vmie_local.clock import Clock
from vmie_local.front_door.api_call import ApiCall
from vmie_local.moto_seams import ec2
from vmie_local.place import Place

if TYPE_CHECKING:
    from vmie_local.server import LocalAws


class Ec2Snapshots:
    """EC2's snapshots, in moto."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def find(self, place: Place, snapshot_id: str) -> Snapshot | None:
        """A snapshot by id."""
        found = ec2.snapshots.find(place.account, place.region, snapshot_id)
        return Snapshot(**found) if found else None

    def add(self, place: Place, snapshot: Snapshot, tags: Mapping[str, str]) -> Snapshot:
        """Make a snapshot visible; returns it with the key that EC2 chose."""
        ec2.snapshots.add(
            place.account,
            place.region,
            snapshot.id,
            volume_size=snapshot.volume_size,
            description=snapshot.description,
            encrypted=snapshot.encrypted,
            kms_key_id=snapshot.kms_key_id,
            status=snapshot.status,
            at=self._clock.now(),
        )
        ec2.tags.add(place.account, place.region, snapshot.id, tags)
        return self.find(place, snapshot.id) or snapshot

    def set_status(self, place: Place, snapshot_id: str, status: str) -> None:
        """Change a snapshot's status."""
        ec2.snapshots.set_status(place.account, place.region, snapshot_id, status)

    def encrypts_by_default(self, place: Place) -> bool:
        """Whether EBS encryption by default is on."""
        return ec2.snapshots.encrypted_by_default(place.account, place.region)


def register(cloud: LocalAws, store: BlockStore) -> None:
    """Answer the EBS direct APIs from a store of blocks."""
    snapshots = Ec2Snapshots(cloud.clock)
    reader = BlockReader(cloud.clock, store, snapshots, Tokens())
    writer = BlockWriter(cloud.clock, store, snapshots)

    def with_place(
        operation: Callable[[Place, Mapping[str, Any]], dict[str, Any]],
    ) -> Callable[[ApiCall], Any]:
        return lambda call: operation(Place(call.account, call.region), call.parameters)

    def start(call: ApiCall) -> dict[str, Any]:
        return writer.start_snapshot(Place(call.account, call.region), new_snapshot_id(), call.parameters)

    def put(call: ApiCall) -> dict[str, Any]:
        return writer.put_snapshot_block(Place(call.account, call.region), call.parameters, call.body())

    cloud.front_door.register("ebs", "ListSnapshotBlocks", with_place(reader.list_snapshot_blocks))
    cloud.front_door.register("ebs", "ListChangedBlocks", with_place(reader.list_changed_blocks))
    cloud.front_door.register("ebs", "GetSnapshotBlock", with_place(reader.get_snapshot_block))
    cloud.front_door.register("ebs", "StartSnapshot", start)
    cloud.front_door.register("ebs", "PutSnapshotBlock", put)
    cloud.front_door.register("ebs", "CompleteSnapshot", with_place(writer.complete_snapshot))
