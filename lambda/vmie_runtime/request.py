"""A request to import a disk image, from its arrival to its end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self


class Status(StrEnum):
    """Where a request stands, as its result says."""

    REJECTED = "Rejected"
    QUEUED = "Queued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    TIMED_OUT = "TimedOut"

    @property
    def terminal(self) -> bool:
        """Tell whether nothing follows."""
        return self not in (Status.QUEUED, Status.RUNNING)


class OpenState(StrEnum):
    """What the reconciler still has to do with a request; one that has ended has no such state."""

    QUEUED = "queued"
    LIVE = "live"
    ENDING = "ending"


@dataclass(frozen=True, kw_only=True)
class Source:
    """The object to import, as its event described it.

    Attributes:
        bucket: Its bucket.
        key: Its key.
        version_id: Its version, or None where the bucket keeps none.
        etag: Its entity tag, without quotes.
        size: Its size in bytes.
        sequencer: S3's sequencer of the event: orders the events of one key.
    """

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size: int
    sequencer: str

    @property
    def address(self) -> str:
        """Bucket and key as one text: what requests of the same file share."""
        return f"{self.bucket}/{self.key}"

    def to_document(self) -> dict[str, Any]:
        """The `Source` of a result."""
        document = {
            "Bucket": self.bucket,
            "Key": self.key,
            "VersionId": self.version_id,
            "ETag": self.etag,
            "Size": self.size,
        }
        return {name: value for name, value in document.items() if value is not None}


def request_id(source: Source) -> str:
    """The id of the request that this very object makes: the same for every delivery of its event."""
    parts = (source.bucket, source.key, source.version_id or source.sequencer)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One item of the requests table.

    Attributes:
        id: The request's id.
        source: The object to import.
        status: What its result says.
        open_state: What is left to do; None after the end.
        queued_at: When it arrived; the order of admission.
        not_before: Not admitted before this moment, after a quota was met.
        attempt: Counts the tasks started for it, from 1.
        admission: Counts its executions, from 1; 0 before the first.
        execution_arn: The newest execution.
        started_at: When it was admitted, the last time.
        deadline_at: When it must have ended.
        task_id: The EC2 import task.
        phase: The task's newest StatusMessage.
        progress: The task's newest percentage; never decides anything.
        changed_at: When phase or progress changed last.
        stop: Why somebody wants it ended: `Code` and `Message`.
        superseded: Whether a newer object lies under its key.
        inspection: What was found in the image.
        outcome: How it ends, once that is known: the parts of the result that its end decides.
        ended_at: When it ended.
    """

    id: str
    source: Source
    status: Status
    open_state: OpenState | None
    queued_at: str
    operation: str = "ImportImage"
    method: str = "image"
    not_before: str | None = None
    attempt: int = 1
    admission: int = 0
    execution_arn: str | None = None
    started_at: str | None = None
    deadline_at: str | None = None
    task_id: str | None = None
    phase: str | None = None
    progress: str | None = None
    changed_at: str | None = None
    stop: dict[str, str] | None = None
    superseded: bool = False
    inspection: dict[str, Any] | None = None
    outcome: dict[str, Any] | None = None
    ended_at: str | None = None
    expires_at: int | None = field(default=None, repr=False)

    @property
    def execution_name(self) -> str:
        """The name of its newest execution: starting it twice starts it once."""
        return f"{self.id}-{self.admission}"

    @property
    def client_token(self) -> str:
        """The idempotency token of the attempt's EC2 call."""
        return f"vmie-{self.id}-{self.attempt}"

    def to_item(self) -> dict[str, Any]:
        """The item of the requests table, without what is None."""
        item: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "source" and value is not None:
                item[ATTRIBUTES[each.name]] = value
        item["SourceAddress"] = self.source.address
        item["Bucket"], item["Key"] = self.source.bucket, self.source.key
        item["ETag"], item["Size"], item["Sequencer"] = (
            self.source.etag,
            self.source.size,
            self.source.sequencer,
        )
        if self.source.version_id is not None:
            item["VersionId"] = self.source.version_id
        return item

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> Self:
        """The request that an item holds."""
        values: dict[str, Any] = {
            name: item[attribute] for name, attribute in ATTRIBUTES.items() if attribute in item
        }
        values["status"] = Status(item["Status"])
        values["open_state"] = OpenState(item["OpenState"]) if "OpenState" in item else None
        source = Source(
            bucket=item["Bucket"],
            key=item["Key"],
            version_id=item.get("VersionId"),
            etag=item["ETag"],
            size=int(item["Size"]),
            sequencer=item["Sequencer"],
        )
        return cls(source=source, **values)


# Field -> attribute name in the table.
ATTRIBUTES = {
    each.name: "".join(part.title() for part in each.name.split("_"))
    for each in fields(Request)
    if each.name != "source"
}
