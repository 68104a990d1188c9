"""How a request ends that has made what it was for: the parts of its result that its end decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmie_runtime.made import Made
from vmie_runtime.request import Status


def success_outcome(
    made: Made, *, region: str, next_steps: list[str], exports: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The outcome of a request that made what it was for.

    Args:
        made: What it made in EC2.
        region: The Region.
        next_steps: What a person does with it.
        exports: The files that it wrote, as results tell of them. Default: none.
    """
    outcome = {
        "Status": Status.SUCCEEDED.value,
        "ImageId": made.image_id,
        "SnapshotIds": list(made.snapshot_ids),
        "VolumeIds": list(made.volume_ids),
        "InstanceId": made.instance_ids[-1] if made.instance_ids else None,
        "Images": {region: made.image_id} if made.image_id else None,
        "Exports": list(exports),
        "NextSteps": next_steps,
    }
    return {name: value for name, value in outcome.items() if value}
