"""An EventBridge event."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """What rules match and targets receive.

    Attributes:
        account: The account it happened in.
        region: The Region it happened in.
        source: `aws.s3`, `vmie`, …
        detail_type: `Object Created`, …
        detail: The payload.
        time: Seconds since 1970, on the scaled clock.
        resources: ARNs it is about.
        bus: Name of the event bus that carries it.
        event_id: Its id.
    """

    account: str
    region: str
    source: str
    detail_type: str
    detail: dict[str, Any]
    time: float
    resources: tuple[str, ...] = ()
    bus: str = "default"
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def document(self) -> dict[str, Any]:
        """The event as JSON."""
        return {
            "version": "0",
            "id": self.event_id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": datetime.fromtimestamp(self.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.region,
            "resources": list(self.resources),
            "detail": self.detail,
        }
