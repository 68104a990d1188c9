"""A caching reader that spends a budget: the only way these readers touch a source."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from vmie_images.budget import STEP_BYTES, Budget, Cost, Ledger
from vmie_images.errors import CorruptImageError
from vmie_images.ranges import RangeSource

BLOCK_SIZE = 8 * 1024
"""Bytes per cached block."""
READ_AHEAD = 5
"""Blocks that one request reads at least, as far as they are not cached. A request costs about as much as
50 KiB; inspections of the corpus came out cheapest in requests and bytes together with 5 blocks of 8 KiB."""


class RangeReader:
    """Reads a source in aligned blocks, each at most once while it stays cached.

    Args:
        source: The file or object.
        budget: What may be spent. Default: the ledger's, or ``Budget()``.
        clock: Monotonic seconds. Default: ``time.monotonic``.
        ledger: Counts what is spent, together with the other files of an inspection. Default: one of its own.
        cache_bytes: Bytes to keep in memory. Default: the budget's.
    """

    def __init__(
        self,
        source: RangeSource,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        ledger: Ledger | None = None,
        cache_bytes: int | None = None,
    ) -> None:
        self._source = source
        self._ledger = ledger or Ledger(budget, clock)
        self._single_read = self._ledger.budget.single_read
        self._cache_bytes = self._ledger.budget.cache_bytes if cache_bytes is None else cache_bytes
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """Length of the source in bytes."""
        return self._source.size

    @property
    def cost(self) -> Cost:
        """What was spent so far."""
        return self._ledger.cost

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from ``offset``, fewer than ``length`` only where the source ends.

        Raises:
            BudgetExceededError: The read would cost more than the budget allows.
            CorruptImageError: The offset is negative, or the read larger than any honest structure.
        """
        if offset < 0:
            raise CorruptImageError(f"a structure points at offset {offset}")
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        if length > self._single_read:
            raise CorruptImageError(f"a structure claims {length} bytes at offset {offset}")
        # What is cached is not free: a crafted image has the same bytes read for hours.
        self._ledger.work(2 + length // STEP_BYTES)
        first, last = offset // BLOCK_SIZE, (offset + length - 1) // BLOCK_SIZE
        data = b"".join(self._cached(first, last))
        start = offset - first * BLOCK_SIZE
        return data[start : start + length]

    def _cached(self, first: int, last: int) -> list[bytes]:
        missing = [index for index in range(first, last + 1) if index not in self._blocks]
        while missing:
            run = 1
            while run < len(missing) and missing[run] == missing[0] + run:
                run += 1
            self._fetch(*self._extended(missing[0], run))
            missing = missing[run:]
        wanted = []
        for index in range(first, last + 1):
            self._blocks.move_to_end(index)
            wanted.append(self._blocks[index])
        while len(self._blocks) * BLOCK_SIZE > self._cache_bytes:
            self._blocks.popitem(last=False)
        return wanted

    def _extended(self, first: int, run: int) -> tuple[int, int]:
        """The first block to read and how many, where ``run`` are needed from ``first`` on.

        A read goes on ahead; at the source's end, where nothing lies ahead, it begins earlier.
        """
        last = (self.size - 1) // BLOCK_SIZE
        while run < READ_AHEAD and first + run <= last and first + run not in self._blocks:
            run += 1
        while run < READ_AHEAD and first > 0 and first + run > last and first - 1 not in self._blocks:
            first, run = first - 1, run + 1
        return first, run

    def _fetch(self, first: int, count: int) -> None:
        start = first * BLOCK_SIZE
        length = min(count * BLOCK_SIZE, self.size - start)
        self._ledger.spend(length)
        data = self._source.read(start, length)
        if len(data) != length:
            raise OSError(
                f"the source returned {len(data)} of {length} bytes at offset {start}: "
                "it was changed or cut while it was read; read it again"
            )
        for index in range(count):
            self._blocks[first + index] = data[index * BLOCK_SIZE : (index + 1) * BLOCK_SIZE]
