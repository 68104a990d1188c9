"""A conversion task as DescribeConversionTasks shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmie_local.vm_import.conversion.task import ConversionTask


def describe(task: ConversionTask, now: float) -> dict[str, Any]:
    """A task at a moment; members that are unknown are left out.

    As the API does, it shows the URL of the manifest, which lets its reader read the image.
    """
    name, detail = task.detail(now)
    shown = {
        "ConversionTaskId": task.id,
        "ExpirationTime": task.expiration_time(),
        "State": task.state,
        "StatusMessage": task.message(now),
        name: _known(detail),
    }
    return _known(shown)


def _known(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
