"""A request, from its arrival to its end: one item of the requests table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from vmie_runtime.made import Made


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
    """The object whose event made the request: a disk image, or a request file.

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
        """Bucket and key as one text: what requests of the same object share."""
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
    return _digest(source.bucket, source.key, source.version_id or source.sequencer)


def fleet_entry_id(source: Source, digest: str) -> str:
    """The id of a fleet's entry: the same whenever the file is dropped again with this entry in it."""
    return _digest(source.bucket, source.key, "entry", digest)


def direct_request_id(execution_arn: str) -> str:
    """The id of the request that somebody started by starting the state machine."""
    return _digest("execution", execution_arn)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        id: The request's id.
        source: The object whose event made it; None where the state machine was started directly.
        status: What its result says.
        open_state: What is left to do; None after the end.
        queued_at: When it arrived and, within a fleet, its number there: the order of admission.
        operation: The EC2 operation that it asks for.
        method: How an image is imported: `image`, `snapshot`, or `auto` until the inspection has decided.
        parameters: The operation's parameters as the request gives them.
        options: Its `Vmie` object.
        role_name: The service role that it asks for; None: the stack's.
        dry_run: Whether nothing shall be started.
        client_token: The token that it came with, kept as a label.
        fleet: The fleet that it is an entry of.
        ordinal: Its number in that fleet, from 0.
        direct: Whether its execution was started by somebody, and not by the reconciler.
        task_token: What the execution of a direct one waits with for its admission.
        not_before: Not admitted before this moment, after a quota was met.
        attempt: Counts the attempts at it, from 1.
        admission: Counts its admissions, from 1; 0 before the first.
        execution_arn: The newest execution.
        started_at: When it was admitted, the last time.
        deadline_at: When it must have ended.
        stage: Which stage of its plan is under way, from 0.
        task_id: What that stage runs: an EC2 task, an image, a volume.
        import_task_id: The newest import task, whatever stage follows.
        export_task_id: The newest export task, likewise.
        volume_size: GiB of the volume that it exports, as it was when it was validated.
        phase: The task's newest StatusMessage.
        progress: The task's newest percentage; never decides anything.
        changed_at: When phase or progress changed last.
        unseen_since: Since when EC2 does not show the task; None while it does.
        made: What the stages made so far.
        disks: The S3 objects that it reads, as they were when it was validated.
        advice: What was noticed on the way that its owner should know.
        stop: Why somebody wants it ended: `Code` and `Message`.
        superseded: Whether a newer object lies under its key.
        inspection: What was found in the image.
        outcome: How it ends, once that is known: the parts of the result that its end decides.
        ended_at: When it ended.
    """

    id: str
    source: Source | None
    status: Status
    open_state: OpenState | None
    queued_at: str
    operation: str = "ImportImage"
    method: str | None = "image"
    parameters: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    role_name: str | None = None
    dry_run: bool = False
    client_token: str | None = None
    fleet: str | None = None
    ordinal: int | None = None
    direct: bool = False
    task_token: str | None = field(default=None, repr=False)
    not_before: str | None = None
    attempt: int = 1
    admission: int = 0
    execution_arn: str | None = None
    started_at: str | None = None
    deadline_at: str | None = None
    stage: int = 0
    task_id: str | None = None
    import_task_id: str | None = None
    export_task_id: str | None = None
    volume_size: int | None = None
    phase: str | None = None
    progress: str | None = None
    changed_at: str | None = None
    unseen_since: str | None = None
    made: Made = field(default_factory=Made)
    disks: list[dict[str, Any]] = field(default_factory=list)
    advice: list[dict[str, str]] = field(default_factory=list)
    stop: dict[str, str] | None = None
    superseded: bool = False
    inspection: dict[str, Any] | None = None
    outcome: dict[str, Any] | None = None
    ended_at: str | None = None
    expires_at: int | None = field(default=None, repr=False)

    @property
    def execution_name(self) -> str:
        """The name of its newest execution, where the reconciler starts it: twice starts it once."""
        return f"{self.id}-{self.admission}"

    @property
    def token(self) -> str:
        """The idempotency token of the EC2 call that its stage makes in this attempt.

        The first stage's has no stage in it: a token is also how a task is recognised in EC2's own logs.
        """
        return f"vmie-{self.id}-{self.attempt}" + (f"-{self.stage}" if self.stage else "")

    @property
    def label(self) -> str:
        """What a message calls it: the key that it came by, or its execution."""
        return (
            repr(self.source.key)
            if self.source
            else f"the execution {(self.execution_arn or '').rpartition(':')[2]}"
        )

    @property
    def attempts(self) -> int:
        """How many attempts it may have where the service fails by its own fault."""
        return int(self.options.get("Attempts", 1))

    def to_item(self) -> dict[str, Any]:
        """The item of the requests table, without what is None."""
        item: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "source" and value is not None:
                item[ATTRIBUTES[each.name]] = value
        return item if self.source is None else {**item, **source_attributes(self.source)}

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> Self:
        """The request that an item holds."""
        values: dict[str, Any] = {
            name: item[attribute] for name, attribute in ATTRIBUTES.items() if attribute in item
        }
        values["status"] = Status(item["Status"])
        values["method"] = item.get("Method")
        values["open_state"] = OpenState(item["OpenState"]) if "OpenState" in item else None
        return cls(source=source_of(item), **values)


def source_attributes(source: Source) -> dict[str, Any]:
    """What an item holds of its source."""
    return {"SourceAddress": source.address, "Sequencer": source.sequencer, **source.to_document()}


def source_of(item: dict[str, Any]) -> Source | None:
    """The source that an item holds."""
    if "Key" not in item:
        return None
    return Source(
        bucket=item["Bucket"],
        key=item["Key"],
        version_id=item.get("VersionId"),
        etag=item["ETag"],
        size=int(item["Size"]),
        sequencer=item["Sequencer"],
    )


ASKED = ("operation", "method", "parameters", "options", "role_name", "dry_run", "client_token")
"""The fields that say what a request asks for."""

# Field -> attribute name in the table.
ATTRIBUTES = {
    each.name: "".join(part.title() for part in each.name.split("_"))
    for each in fields(Request)
    if each.name != "source"
}
