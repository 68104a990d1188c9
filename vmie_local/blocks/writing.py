"""StartSnapshot, PutSnapshotBlock and CompleteSnapshot."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vmie_local.blocks import direct_errors
from vmie_local.blocks.ports import Snapshot, Snapshots
from vmie_local.blocks.snapshot_blocks import BLOCK_SIZE
from vmie_local.blocks.store import BlockStore
from vmie_local.clock import Clock
from vmie_local.place import Place

MAX_PENDING = 100
"""Snapshots of an account and Region that may be in progress at once (EBS quotas, L-94D7AB7D)."""
_SIZES = range(1, 65_537)
_TIMEOUTS = range(10, 4321)
_DEFAULT_TIMEOUT_MINUTES = 60


@dataclass
class _Pending:
    place: Place
    answer: dict[str, Any]
    token: str | None
    fingerprint: str
    timeout_seconds: float
    active_at: float
    open: bool = True


class BlockWriter:
    """Writes snapshots block by block."""

    def __init__(self, clock: Clock, store: BlockStore, snapshots: Snapshots) -> None:
        """Start with no snapshot in progress."""
        self._clock, self._store, self._snapshots = clock, store, snapshots
        self._pending: dict[str, _Pending] = {}
        self._lock = threading.RLock()

    def start_snapshot(self, place: Place, snapshot_id: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a snapshot.

        Args:
            place: Its account and Region.
            snapshot_id: The id it gets if the request is new.
            parameters: Botocore's input members.

        Raises:
            ApiError: As EBS answers.
        """
        with self._lock:
            self._end_timed_out()
            fingerprint = _fingerprint(parameters)
            for pending in self._pending.values():
                if (
                    pending.place == place
                    and pending.token
                    and pending.token == parameters.get("ClientToken")
                ):
                    if pending.fingerprint != fingerprint:
                        raise direct_errors.token_reused()
                    return pending.answer
            parent = self._check(place, parameters)
            minutes = parameters.get("Timeout") or _DEFAULT_TIMEOUT_MINUTES
            answer = self._begin(place, snapshot_id, parameters, parent)
            self._pending[snapshot_id] = _Pending(
                place, answer, parameters.get("ClientToken"), fingerprint, minutes * 60.0, self._clock.now()
            )
            return answer

    def put_snapshot_block(self, place: Place, parameters: Mapping[str, Any], data: bytes) -> dict[str, Any]:
        """Write one block; writing it again replaces it.

        Raises:
            ApiError: As EBS answers.
        """
        pending = self._open(place, parameters["SnapshotId"])
        _check_block(parameters, data)
        try:
            self._store.require(parameters["SnapshotId"]).write(int(parameters["BlockIndex"]), data)
        except ValueError as error:
            raise direct_errors.invalid("INVALID_BLOCK", str(error)) from error
        pending.active_at = self._clock.now()
        return {"Checksum": parameters["Checksum"], "ChecksumAlgorithm": parameters["ChecksumAlgorithm"]}

    def complete_snapshot(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """End a snapshot, if what was written is what the caller says.

        Raises:
            ApiError: As EBS answers.
        """
        snapshot_id = parameters["SnapshotId"]
        with self._lock:
            pending = self._open(place, snapshot_id)
            blocks = self._store.require(snapshot_id)
            written, counted = blocks.own_indexes(), parameters.get("ChangedBlocksCount")
            if counted is None or int(counted) != len(written):
                raise direct_errors.invalid(
                    "INVALID_PARAMETER_VALUE",
                    f"ChangedBlocksCount is {counted}, but {len(written)} blocks were written.",
                )
            wanted = parameters.get("Checksum")
            if wanted and wanted != linear_checksum(blocks.read(index) or b"" for index in written):
                raise direct_errors.invalid(
                    "INVALID_PARAMETER_VALUE", "The checksum is not that of the blocks that were written."
                )
            pending.open = False
            self._snapshots.set_status(place, snapshot_id, "completed")
            return {"Status": "completed"}

    def _check(self, place: Place, parameters: Mapping[str, Any]) -> Snapshot | None:
        size, timeout = parameters.get("VolumeSize"), parameters.get("Timeout")
        if size not in _SIZES:
            raise direct_errors.invalid(
                "INVALID_VOLUME_SIZE", f"VolumeSize must be between 1 and 65536 GiB, not {size}."
            )
        if timeout is not None and timeout not in _TIMEOUTS:
            raise direct_errors.invalid(
                "INVALID_PARAMETER_VALUE", f"Timeout must be between 10 and 4320 minutes, not {timeout}."
            )
        if parameters.get("KmsKeyArn") and parameters.get("Encrypted") is not True:
            raise direct_errors.invalid("INVALID_DEPENDENCY_REQUEST", "KmsKeyArn needs Encrypted to be true.")
        pending = sum(pending.open and pending.place == place for pending in self._pending.values())
        if pending >= MAX_PENDING:
            raise direct_errors.too_many_pending(MAX_PENDING)
        parent_id = parameters.get("ParentSnapshotId")
        return self._check_parent(place, parent_id, parameters) if parent_id else None

    def _check_parent(self, place: Place, parent_id: str, parameters: Mapping[str, Any]) -> Snapshot:
        if parameters.get("Encrypted") is not None:
            raise direct_errors.invalid(
                "INVALID_DEPENDENCY_REQUEST", "Encrypted cannot be given with ParentSnapshotId."
            )
        parent = self._snapshots.find(place, parent_id)
        if parent is None:
            raise direct_errors.snapshot_missing(parent_id)
        if parent.status != "completed":
            raise direct_errors.invalid(
                "INVALID_SNAPSHOT_ID", f"The parent {parent_id} is {parent.status}, not completed."
            )
        if parameters["VolumeSize"] < parent.volume_size:
            raise direct_errors.invalid(
                "INVALID_VOLUME_SIZE", f"The parent {parent_id} has {parent.volume_size} GiB, which is more."
            )
        return parent

    def _begin(
        self, place: Place, snapshot_id: str, parameters: Mapping[str, Any], parent: Snapshot | None
    ) -> dict[str, Any]:
        encrypted = parent.encrypted if parent else bool(parameters.get("Encrypted"))
        shown = self._snapshots.add(
            place,
            Snapshot(
                id=snapshot_id,
                volume_size=parameters["VolumeSize"],
                status="pending",
                description=parameters.get("Description") or "",
                encrypted=encrypted or self._snapshots.encrypts_by_default(place),
                kms_key_id=parent.kms_key_id if parent else parameters.get("KmsKeyArn"),
            ),
            {tag["Key"]: tag.get("Value", "") for tag in parameters.get("Tags") or []},
        )
        parent_id = parent.id if parent else None
        if parent_id and self._store.find(parent_id) is None:
            self._store.create(parent_id, parent.volume_size if parent else 0)
        self._store.create(snapshot_id, shown.volume_size, parent_id)
        answer = {
            "SnapshotId": snapshot_id,
            "OwnerId": place.account,
            "Status": "pending",
            "StartTime": datetime.fromtimestamp(self._clock.now(), UTC),
            "VolumeSize": shown.volume_size,
            "BlockSize": BLOCK_SIZE,
            "Description": parameters.get("Description"),
            "Tags": parameters.get("Tags"),
            "ParentSnapshotId": parent_id,
            "KmsKeyArn": shown.kms_key_id if shown.encrypted else None,
            "SseType": "sse-kms" if shown.encrypted else "none",
        }
        return {name: value for name, value in answer.items() if value is not None}

    def _open(self, place: Place, snapshot_id: str) -> _Pending:
        with self._lock:
            self._end_timed_out()
            snapshot = self._snapshots.find(place, snapshot_id)
            if snapshot is None:
                raise direct_errors.snapshot_missing(snapshot_id)
            pending = self._pending.get(snapshot_id)
            if pending is None or not pending.open:
                raise direct_errors.invalid(
                    "INVALID_SNAPSHOT_ID", f"The snapshot {snapshot_id} is {snapshot.status}, not pending."
                )
            return pending

    def _end_timed_out(self) -> None:
        """Put snapshots in error whose caller has been silent for longer than the timeout."""
        now = self._clock.now()
        for snapshot_id, pending in self._pending.items():
            if pending.open and now >= pending.active_at + pending.timeout_seconds:
                pending.open = False
                self._snapshots.set_status(pending.place, snapshot_id, "error")


def _fingerprint(parameters: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in parameters.items() if name != "ClientToken"}
    return json.dumps(kept, sort_keys=True, default=str)


def linear_checksum(blocks: Any) -> str:
    """The `LINEAR` aggregation: SHA-256, as base64, over the blocks' raw digests in index order."""
    total = hashlib.sha256()
    for block in blocks:
        total.update(hashlib.sha256(block).digest())
    return base64.b64encode(total.digest()).decode()


def _check_block(parameters: Mapping[str, Any], data: bytes) -> None:
    if parameters.get("ChecksumAlgorithm") != "SHA256":
        raise direct_errors.invalid("INVALID_PARAMETER_VALUE", "ChecksumAlgorithm must be SHA256.")
    if parameters.get("DataLength") != BLOCK_SIZE or len(data) != BLOCK_SIZE:
        raise direct_errors.invalid(
            "INVALID_PARAMETER_VALUE",
            f"A block has {BLOCK_SIZE} bytes; DataLength is {parameters.get('DataLength')} and the body has "
            f"{len(data)}.",
        )
    if parameters.get("Checksum") != base64.b64encode(hashlib.sha256(data).digest()).decode():
        raise direct_errors.invalid(
            "INVALID_PARAMETER_VALUE", "The checksum is not that of the block's data."
        )
