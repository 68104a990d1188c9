"""What an inspection may spend and has spent: requests, bytes, steps of work and time.

Requests and bytes are counted where a source is read. What is done with bytes that are cached costs nothing
there, and a crafted image can ask for any amount of it: so every read, cached or not, and every loop whose
length an image decides counts steps of work. Loops call ``work``, which counts on the inspection under way
and on nothing where there is none, so that parsers need not be handed what they count on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

from vmie_images.errors import BudgetExceededError

STEP_BYTES = 1024
"""Bytes that are read from the cache, unpacked or searched for one step."""


@dataclass(frozen=True)
class Budget:
    """What one inspection may spend.

    Attributes:
        gets: Reads from the source (ranged GET requests of S3). Default: 400.
        bytes: Bytes read from the source. Default: 48 MiB.
        steps: Steps of work: a read, an entry of a directory, an item of a tree, or ``STEP_BYTES`` of what is
            read or unpacked; one takes a few microseconds. Default: 1 million; inspections of the corpus
            take up to 5,000.
        seconds: Seconds by the inspection's clock. Default: 60.
        cache_bytes: Bytes of the source kept in memory. Default: 8 MiB.
        single_read: The largest read that a structure may cause, in bytes. Default: 4 MiB.
        initramfs: Bytes to read of each initial file system of a Linux guest: the sample shows that it
            unpacks, only the whole file shows which drivers it lacks. Default: 32 KiB.
    """

    gets: int = 400
    bytes: int = 48 << 20
    steps: int = 1_000_000
    seconds: float = 60.0
    cache_bytes: int = 8 << 20
    single_read: int = 4 << 20
    initramfs: int = 32 * 1024


LOCAL = Budget(
    gets=20_000, bytes=1 << 30, steps=8_000_000, seconds=120, cache_bytes=64 << 20, initramfs=256 << 20
)
"""A budget for local files, where reading costs nothing: initial file systems are read whole."""


@dataclass(frozen=True)
class Cost:
    """What an inspection spent: requests, bytes read, seconds, and steps of work."""

    gets: int
    bytes: int
    seconds: float
    steps: int = 0


class Ledger:
    """What one inspection may spend and has spent, over all the files it reads.

    Args:
        budget: What may be spent. Default: ``Budget()``.
        clock: Monotonic seconds. Default: ``time.monotonic``.
    """

    def __init__(self, budget: Budget | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget or Budget()
        self._clock = clock
        self._started = clock()
        self._gets = 0
        self._bytes = 0
        self._steps = 0
        self._excused = 0.0

    @property
    def cost(self) -> Cost:
        """What was spent so far."""
        return Cost(self._gets, self._bytes, self._clock() - self._started, self._steps)

    def spend(self, length: int) -> None:
        """Count a read before it is made, so that what the budget does not allow is never read.

        Raises:
            BudgetExceededError: The read would cost more than the budget allows, or the time is up.
        """
        if self._gets + 1 > self.budget.gets:
            raise BudgetExceededError(f"more than {self.budget.gets} reads")
        if self._bytes + length > self.budget.bytes:
            raise BudgetExceededError(f"more than {self.budget.bytes} bytes")
        self.check_time()
        self._gets += 1
        self._bytes += length

    def work(self, steps: int) -> None:
        """Count work before it is done.

        Raises:
            BudgetExceededError: It is more than the budget allows, or the time is up.
        """
        if self._steps + steps > self.budget.steps:
            raise BudgetExceededError(f"more than {self.budget.steps} steps of work")
        self._steps += steps
        self.check_time()

    def check_time(self) -> None:
        """Stop where the time is up.

        Raises:
            BudgetExceededError: The time is up.
        """
        if self._clock() - self._started - self._excused > self.budget.seconds:
            raise BudgetExceededError(f"more than {self.budget.seconds:g} seconds")

    @contextmanager
    def charged(self) -> Iterator[None]:
        """Have ``work`` and ``off_the_clock`` mean this ledger."""
        token = _CHARGED.set(self)
        try:
            yield
        finally:
            _CHARGED.reset(token)

    @contextmanager
    def excused(self) -> Iterator[None]:
        """Let time pass that does not count against the budget."""
        since = self._clock()
        try:
            yield
        finally:
            self._excused += self._clock() - since


_CHARGED: ContextVar[Ledger | None] = ContextVar("ledger of the inspection under way", default=None)


def work(steps: int = 1, *, over: int = 0) -> None:
    """Count work on the inspection under way, before it is done.

    Args:
        steps: Entries, items or nodes that are looked at. Default: 1.
        over: Bytes that are unpacked or searched for it. Default: none.

    Raises:
        BudgetExceededError: It is more than the inspection may spend, or its time is up.
    """
    ledger = _CHARGED.get()
    if ledger is not None:
        ledger.work(steps + over // STEP_BYTES)


def off_the_clock() -> AbstractContextManager[None]:
    """Do what was asked for however long it takes: its time counts on no inspection."""
    ledger = _CHARGED.get()
    return nullcontext() if ledger is None else ledger.excused()
