"""How a request ends: the parts of its result that its end decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime.request import Status

if TYPE_CHECKING:
    from vmie_runtime.diagnosis import Diagnosis


def failure_outcome(status: Status, diagnosis: Diagnosis) -> dict[str, Any]:
    """The outcome of a request that did not succeed."""
    return {"Status": status.value, "Error": diagnosis.to_document()}


def success_outcome(
    *, image_id: str, snapshot_ids: list[str], region: str, next_steps: list[str]
) -> dict[str, Any]:
    """The outcome of a request that made an AMI."""
    return {
        "Status": Status.SUCCEEDED.value,
        "ImageId": image_id,
        "SnapshotIds": snapshot_ids,
        "Images": {region: image_id},
        "NextSteps": next_steps,
    }
