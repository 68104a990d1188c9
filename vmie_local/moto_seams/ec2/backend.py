"""Where moto keeps EC2's state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vmie_local.moto_seams.seam import Seam

BACKENDS = Seam("moto.ec2.models:ec2_backends", "AMIs, snapshots and tags live in these")


def backend(account: str, region: str) -> Any:
    """EC2 in one Region of one account."""
    from moto.ec2.models import ec2_backends

    return ec2_backends[account][region]


def moment(at: float) -> datetime:
    """A moment as moto keeps it: UTC without saying so."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
