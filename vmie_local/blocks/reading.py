"""ListSnapshotBlocks, ListChangedBlocks and GetSnapshotBlock."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vmie_local.blocks import direct_errors
from vmie_local.blocks.ports import Snapshot, Snapshots
from vmie_local.blocks.snapshot_blocks import BLOCK_SIZE, SnapshotBlocks
from vmie_local.blocks.store import BlockStore
from vmie_local.blocks.tokens import BLOCK_TOKEN_SECONDS, Tokens
from vmie_local.clock import Clock
from vmie_local.place import Place

_PAGE_SIZES = range(100, 10_001)
_DEFAULT_PAGE = 10_000


@dataclass(frozen=True)
class BlockReader:
    """Reads snapshots block by block."""

    clock: Clock
    store: BlockStore
    snapshots: Snapshots
    tokens: Tokens

    def list_snapshot_blocks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The blocks of a snapshot that were ever written.

        Raises:
            ApiError: As EBS answers.
        """
        snapshot, blocks = self._readable(place, parameters["SnapshotId"])
        expires_at = self.clock.now() + BLOCK_TOKEN_SECONDS
        indexes, following = self._page(blocks.indexes() if blocks else [], parameters)
        listed = [
            {"BlockIndex": index, "BlockToken": self.tokens.of_block(snapshot.id, index, expires_at)}
            for index in indexes
        ]
        return self._answer("Blocks", listed, snapshot, expires_at, following)

    def list_changed_blocks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The blocks that differ between two snapshots of one lineage; without a first, all of the second.

        Raises:
            ApiError: As EBS answers.
        """
        second, newer = self._readable(place, parameters["SecondSnapshotId"])
        first_id = parameters.get("FirstSnapshotId")
        older = None
        if first_id:
            _, older = self._readable(place, first_id)
            if not related(older, newer):
                raise direct_errors.invalid(
                    "UNRELATED_SNAPSHOTS", f"The snapshots {first_id} and {second.id} have no common origin."
                )
        expires_at = self.clock.now() + BLOCK_TOKEN_SECONDS
        old_indexes = set(older.indexes()) if older else set()
        new_indexes = set(newer.indexes()) if newer else set()
        changed = newer.changed_since(older) if newer and older else sorted(new_indexes)
        indexes, following = self._page(changed, parameters)
        listed = []
        for index in indexes:
            entry: dict[str, Any] = {"BlockIndex": index}
            if first_id and index in old_indexes:
                entry["FirstBlockToken"] = self.tokens.of_block(first_id, index, expires_at)
            if index in new_indexes:
                entry["SecondBlockToken"] = self.tokens.of_block(second.id, index, expires_at)
            listed.append(entry)
        return self._answer("ChangedBlocks", listed, second, expires_at, following)

    def get_snapshot_block(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The bytes of one block and their checksum.

        Raises:
            ApiError: As EBS answers.
        """
        snapshot, blocks = self._readable(place, parameters["SnapshotId"])
        index = int(parameters["BlockIndex"])
        self.tokens.check_block(parameters.get("BlockToken", ""), snapshot.id, index, self.clock.now())
        data = blocks.read(index) if blocks else None
        if data is None:
            raise direct_errors.invalid("INVALID_BLOCK", f"The snapshot {snapshot.id} has no block {index}.")
        return {
            "DataLength": BLOCK_SIZE,
            "BlockData": data,
            "Checksum": base64.b64encode(hashlib.sha256(data).digest()).decode(),
            "ChecksumAlgorithm": "SHA256",
        }

    def _readable(self, place: Place, snapshot_id: str) -> tuple[Snapshot, SnapshotBlocks | None]:
        snapshot = self.snapshots.find(place, snapshot_id)
        if snapshot is None:
            raise direct_errors.snapshot_missing(snapshot_id)
        if snapshot.status != "completed":
            raise direct_errors.invalid(
                "INVALID_SNAPSHOT_ID", f"The snapshot {snapshot_id} is {snapshot.status}, not completed."
            )
        return snapshot, self.store.find(snapshot_id)

    def _page(
        self, indexes: Sequence[int], parameters: Mapping[str, Any]
    ) -> tuple[Sequence[int], str | None]:
        size = parameters.get("MaxResults") or _DEFAULT_PAGE
        if size not in _PAGE_SIZES:
            raise direct_errors.invalid(
                "INVALID_PARAMETER_VALUE", f"MaxResults must be between 100 and 10000, not {size}."
            )
        token = parameters.get("NextToken")
        start = self.tokens.page_start(token) if token else int(parameters.get("StartingBlockIndex") or 0)
        left = [index for index in indexes if index >= start]
        return left[:size], self.tokens.of_page(left[size]) if len(left) > size else None

    def _answer(
        self,
        name: str,
        listed: list[dict[str, Any]],
        snapshot: Snapshot,
        expires_at: float,
        following: str | None,
    ) -> dict[str, Any]:
        answer = {
            name: listed,
            "ExpiryTime": datetime.fromtimestamp(expires_at, UTC),
            "VolumeSize": snapshot.volume_size,
            "BlockSize": BLOCK_SIZE,
        }
        return {**answer, "NextToken": following} if following else answer


def related(older: SnapshotBlocks | None, newer: SnapshotBlocks | None) -> bool:
    """Whether two snapshots have a common origin."""
    return older is not None and newer is not None and older.origin is newer.origin
