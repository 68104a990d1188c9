"""What a user of the local AWS has to know before trusting it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

CANNOT_PROVE = (
    "policies of buckets (but for an export of an instance), queues, topics and functions, VPC endpoint "
    "policies and service control policies: they are stored at most, and not evaluated",
    "the quotas and opt-in Regions of your account",
    "whether a guest boots: images are decoded and stored, never started",
    "how AWS words errors that nobody has recorded",
    "alarms and metric filters: they are created and never fire",
)
"""Each ends the sentence `A local run cannot prove …`."""


def banner(cloud: LocalAws) -> str:
    """Where the local AWS listens, how it is set and what it cannot prove."""
    settings = cloud.settings
    speed = "real time" if settings.time_scale == 1 else f"{1 / settings.time_scale:g} times as fast as AWS"
    identity = {
        "enforce": "enforced",
        "record": "recorded, nothing is denied",
        "off": "off, everything is allowed",
    }[settings.iam]
    lines = [
        f"Local AWS at {cloud.endpoint}: account {settings.account}, Region {settings.region}.",
        f"Time: {speed}. IAM identity policies: {identity}. Data: {cloud.data_dir}.",
    ]
    if shutil.which("qemu-img") is None:
        lines.append("qemu-img is not on PATH: imports check the headers of disks and do not decode them.")
    lines += ["A local run cannot prove:", *(f"  - {limit}" for limit in CANNOT_PROVE)]
    return "\n".join(lines)
