from __future__ import annotations

import pytest

from vmie_images.budget import Budget, Ledger, off_the_clock, work
from vmie_images.errors import BudgetExceededError, CorruptImageError
from vmie_images.ranges import FileSource, MemorySource, Window, read_exactly
from vmie_images.reader import BLOCK_SIZE, READ_AHEAD, RangeReader


class RecordingSource:
    def __init__(self, data: bytes) -> None:
        self._data = MemorySource(data)
        self.reads: list[tuple[int, int]] = []

    @property
    def size(self) -> int:
        return self._data.size

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self._data.read(offset, length)


def test_reads_adjacent_missing_blocks_in_one_request() -> None:
    source = RecordingSource(bytes(range(256)) * 2048)
    reader = RangeReader(source)

    assert reader.read(100, 7 * BLOCK_SIZE) == (bytes(range(256)) * 2048)[100 : 100 + 7 * BLOCK_SIZE]
    assert source.reads == [(0, 8 * BLOCK_SIZE)]


WINDOW = READ_AHEAD * BLOCK_SIZE


def test_reads_no_block_twice_while_it_is_cached() -> None:
    source = RecordingSource(bytes(4 * WINDOW))
    reader = RangeReader(source)

    reader.read(WINDOW, 10)
    reader.read(0, 2 * WINDOW)
    reader.read(WINDOW + BLOCK_SIZE, 100)

    assert source.reads == [(WINDOW, WINDOW), (0, WINDOW)]
    assert (reader.cost.gets, reader.cost.bytes) == (2, 2 * WINDOW)


def test_reads_ahead_up_to_what_is_cached() -> None:
    source = RecordingSource(bytes(3 * WINDOW))
    reader = RangeReader(source)

    reader.read(2 * BLOCK_SIZE, 1)
    reader.read(0, 1)

    assert source.reads == [(2 * BLOCK_SIZE, WINDOW), (0, 2 * BLOCK_SIZE)]


def test_begins_earlier_where_the_end_leaves_nothing_ahead() -> None:
    source = RecordingSource(bytes(2 * WINDOW + 10))
    reader = RangeReader(source)

    reader.read(2 * WINDOW, 10)
    reader.read(2 * WINDOW - BLOCK_SIZE, 1)

    start = 2 * WINDOW - (READ_AHEAD - 1) * BLOCK_SIZE
    assert source.reads == [(start, (READ_AHEAD - 1) * BLOCK_SIZE + 10)]


def test_forgets_the_blocks_used_longest_ago() -> None:
    source = RecordingSource(bytes(4 * WINDOW))
    reader = RangeReader(source, Budget(cache_bytes=2 * WINDOW))

    for window in (0, 1, 0, 2, 0):
        reader.read(window * WINDOW, 1)
    assert [offset // WINDOW for offset, _ in source.reads] == [0, 1, 2]

    reader.read(BLOCK_SIZE, 1)
    assert source.reads[-1][0] == BLOCK_SIZE


@pytest.mark.parametrize(
    ("budget", "said"), [(Budget(gets=2), "2 reads"), (Budget(bytes=2 * WINDOW), f"{2 * WINDOW} bytes")]
)
def test_stops_before_it_spends_more_than_its_budget(budget: Budget, said: str) -> None:
    source = RecordingSource(bytes(9 * WINDOW))
    reader = RangeReader(source, budget)

    with pytest.raises(BudgetExceededError, match=said):
        for window in range(9):
            reader.read(window * WINDOW, 1)

    assert len(source.reads) == 2


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_stops_when_its_time_is_up_even_where_all_is_cached() -> None:
    clock = Clock()
    reader = RangeReader(MemorySource(bytes(4 * WINDOW)), Budget(seconds=10), clock)
    reader.read(0, 1)
    clock.now = 10.0
    assert reader.read(0, 1) == b"\0"
    clock.now = 10.5

    with pytest.raises(BudgetExceededError, match="10 seconds"):
        reader.read(0, 1)


def test_reading_what_is_cached_is_work_that_has_an_end() -> None:
    source = RecordingSource(bytes(4 * WINDOW))
    reader = RangeReader(source, Budget(steps=1000))

    with pytest.raises(BudgetExceededError, match="1000 steps of work"):
        for _ in range(1000):
            reader.read(0, 100)

    assert len(source.reads) == 1
    assert reader.cost.steps <= 1000


def test_large_reads_of_what_is_cached_are_more_work_than_small_ones() -> None:
    reader = RangeReader(MemorySource(bytes(4 * WINDOW)))
    reader.read(0, 2 * WINDOW)
    large = reader.cost.steps
    reader.read(0, 1)

    assert reader.cost.steps - large < large / 10


def test_work_is_counted_on_the_inspection_under_way_and_on_no_other() -> None:
    ledger = Ledger(Budget(steps=10))
    work(100)

    with ledger.charged():
        work(9)
        with pytest.raises(BudgetExceededError, match="10 steps"):
            work(1, over=1024)
    work(100)

    assert ledger.cost.steps == 9


def test_time_off_the_clock_does_not_count() -> None:
    clock = Clock()
    ledger = Ledger(Budget(seconds=10), clock)

    with ledger.charged():
        with off_the_clock():
            clock.now = 1000.0
        clock.now = 1010.0
        work()
        clock.now = 1011.0
        with pytest.raises(BudgetExceededError):
            work()

    assert ledger.cost.seconds == 1011


def test_refuses_a_read_that_no_honest_structure_needs() -> None:
    reader = RangeReader(MemorySource(bytes(1 << 20)), Budget(single_read=1000))

    with pytest.raises(CorruptImageError, match="claims 1001 bytes"):
        reader.read(0, 1001)
    with pytest.raises(CorruptImageError, match="offset -1"):
        reader.read(-1, 1)


def test_a_source_that_gives_less_than_its_size_promises_is_an_error_of_the_source() -> None:
    class Shrunk(RecordingSource):
        def read(self, offset: int, length: int) -> bytes:
            return super().read(offset, length)[:-1]

    with pytest.raises(OSError, match="changed or cut while it was read"):
        RangeReader(Shrunk(bytes(1000))).read(0, 10)


def test_a_window_shows_its_stretch_and_nothing_else() -> None:
    window = Window(MemorySource(b"0123456789"), 3, 4)

    assert (window.size, window.read(0, 99), window.read(2, 1), window.read(4, 1)) == (4, b"3456", b"5", b"")
    assert Window(MemorySource(b"0123456789"), 8, 4).size == 2
    with pytest.raises(CorruptImageError):
        window.read(-1, 3)
    with pytest.raises(CorruptImageError, match="header should be at bytes 3-5"):
        read_exactly(window, 3, 2, "header")


def test_a_file_is_read_by_position(tmp_path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"0123456789")

    with FileSource(path) as source:
        assert (source.name, source.size, source.read(4, 3), source.read(8, 9)) == (
            "disk.raw",
            10,
            b"456",
            b"89",
        )
