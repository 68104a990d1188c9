"""EC2's snapshots in memory."""

# ruff: noqa: ARG002 - fakes take what the ports give

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.local.vm_import.fakes import HERE, FakeClock
from vmie_local.blocks import BLOCK_SIZE, BlockStore
from vmie_local.blocks.ports import Snapshot
from vmie_local.blocks.reading import BlockReader
from vmie_local.blocks.tokens import Tokens
from vmie_local.blocks.writing import BlockWriter
from vmie_local.place import Place

ACCOUNT_KEY = "arn:aws:kms:us-east-1:123456789012:key/default"


class FakeSnapshots:
    def __init__(self) -> None:
        self.known: dict[str, Snapshot] = {}
        self.tags: dict[str, Mapping[str, str]] = {}
        self.encrypted_by_default = False

    def find(self, place: Place, snapshot_id: str) -> Snapshot | None:
        return self.known.get(snapshot_id)

    def add(self, place: Place, snapshot: Snapshot, tags: Mapping[str, str]) -> Snapshot:
        if snapshot.encrypted and not snapshot.kms_key_id:
            snapshot = replace(snapshot, kms_key_id=ACCOUNT_KEY)
        self.known[snapshot.id], self.tags[snapshot.id] = snapshot, tags
        return snapshot

    def set_status(self, place: Place, snapshot_id: str, status: str) -> None:
        self.known[snapshot_id] = replace(self.known[snapshot_id], status=status)

    def encrypts_by_default(self, place: Place) -> bool:
        return self.encrypted_by_default


class Ebs:
    """Reader, writer and what is behind them."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.store = BlockStore(folder)
        self.snapshots = FakeSnapshots()
        self.reader = BlockReader(self.clock, self.store, self.snapshots, Tokens())
        self.writer = BlockWriter(self.clock, self.store, self.snapshots)
        self._numbers = iter(range(1000))

    def start(self, **parameters: Any) -> dict[str, Any]:
        snapshot_id = f"snap-{next(self._numbers):x}"
        return self.writer.start_snapshot(HERE, snapshot_id, {"VolumeSize": 1, **parameters})

    def put(self, snapshot_id: str, index: int, data: bytes, **changes: Any) -> dict[str, Any]:
        parameters = {
            "SnapshotId": snapshot_id,
            "BlockIndex": index,
            "DataLength": BLOCK_SIZE,
            "Checksum": checksum(data),
            "ChecksumAlgorithm": "SHA256",
        }
        return self.writer.put_snapshot_block(HERE, {**parameters, **changes}, data)

    def complete(self, snapshot_id: str, count: int, **parameters: Any) -> dict[str, Any]:
        given = {"SnapshotId": snapshot_id, "ChangedBlocksCount": count, **parameters}
        return self.writer.complete_snapshot(HERE, given)

    def snapshot(self, blocks: Mapping[int, bytes], **parameters: Any) -> str:
        """A completed snapshot with these blocks."""
        snapshot_id = str(self.start(**parameters)["SnapshotId"])
        for index, data in blocks.items():
            self.put(snapshot_id, index, data)
        self.complete(snapshot_id, len(blocks))
        return snapshot_id


def block(byte: int) -> bytes:
    return bytes([byte]) * BLOCK_SIZE


def checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
