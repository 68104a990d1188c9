"""What is pending now and ready later: AMIs and the snapshots that are made with them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from vmie_local.ec2_storage.surroundings import Surroundings
from vmie_local.events import Event
from vmie_local.front_door.authorization.requirement import partition
from vmie_local.moto_seams import ec2
from vmie_local.place import Place


def available(
    around: Surroundings, place: Place, image_id: str, seconds: float, snapshot_ids: Sequence[str] = ()
) -> None:
    """Let an AMI and its new snapshots be ready after so many seconds, and tell EventBridge."""

    def end() -> None:
        for snapshot_id in snapshot_ids:
            ec2.snapshots.set_status(place.account, place.region, snapshot_id, "completed")
        if ec2.images.set_state(place.account, place.region, image_id, "available"):
            tell(around, place, image_id, "available")

    around.later(seconds, end)


def completed(around: Surroundings, place: Place, snapshot_id: str, seconds: float) -> None:
    """Let a snapshot be completed after so many seconds."""

    def end() -> None:
        ec2.snapshots.set_status(place.account, place.region, snapshot_id, "completed")

    around.later(seconds, end)


def tell(around: Surroundings, place: Place, image_id: str, state: str) -> None:
    """Publish an `EC2 AMI State Change` (EC2 user guide, "Monitor AMI events")."""
    around.publish(
        Event(
            account=place.account,
            region=place.region,
            source="aws.ec2",
            detail_type="EC2 AMI State Change",
            resources=(f"arn:{partition(place.region)}:ec2:{place.region}::image/{image_id}",),
            detail={
                "RequestId": str(uuid.uuid4()),
                "ImageId": image_id,
                "State": state,
                "ErrorMessage": "",
            },
            time=around.clock.now(),
        )
    )
