"""The blocks of EBS snapshots, on disk, and the EBS direct APIs that read and write them."""

from vmie_local.blocks.snapshot_blocks import BLOCK_SIZE, SnapshotBlocks
from vmie_local.blocks.store import BlockStore

__all__ = ["BLOCK_SIZE", "BlockStore", "SnapshotBlocks"]
