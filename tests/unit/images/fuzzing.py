"""Mutates images and inspects them: ``python -m tests.unit.images.fuzzing [--mutations N] [--seed S]``.

A mutation changes bytes that the inspection of the whole image looks at: flips bits, plants the numbers
that break careless readers, copies one structure over another, or cuts the file. Whatever comes out, an
inspection must end with findings that the readers foresaw, far within its budget of requests, bytes, work,
time and memory. What does not is printed as a case of ``tests/data/fuzz_cases.json``; the tests repeat
those.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

from tests.unit.images.builders.hive import hive
from tests.unit.images.fuzz_samples import BUDGET, Sample, samples, second_disk
from vmie_images import Cost, ImageFile, RangeSource, inspect_containers
from vmie_images.errors import ImageError
from vmie_images.registry.hive import Hive

MOST_SECONDS = 3.0
"""Seconds of processor time for one mutation; most take a hundredth of one."""
MOST_MEMORY = 192 << 20
"""Bytes that the process may grow by over all mutations."""
_NUMBERS = (
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)


class Patched:
    """A source with some bytes changed, and perhaps its end cut off."""

    def __init__(
        self, source: RangeSource, patches: tuple[tuple[int, bytes], ...], size: int | None = None
    ) -> None:
        self._source = source
        self._patches = patches
        self.size = source.size if size is None else size

    def read(self, offset: int, length: int) -> bytes:
        length = max(0, min(length, self.size - offset))
        data = bytearray(self._source.read(offset, length))
        for place, content in self._patches:
            first, last = max(place, offset), min(place + len(content), offset + length)
            if first < last:
                data[first - offset : last - offset] = content[first - place : last - place]
        return bytes(data)


@dataclass(frozen=True)
class Mutation:
    """A sample with some bytes changed.

    Attributes:
        sample: The sample's name.
        patches: Places and the bytes there.
        size: Where the file ends; ``None`` for the sample's own end.
        with_second: Whether another disk comes along.
        digests: Whether digests are checked.
    """

    sample: str
    patches: tuple[tuple[int, bytes], ...]
    size: int | None = None
    with_second: bool = False
    digests: bool = False

    def to_case(self) -> dict[str, Any]:
        """The mutation as a case of ``tests/data/fuzz_cases.json``."""
        patches = [[place, content.hex()] for place, content in self.patches]
        return {
            "Sample": self.sample,
            "Patches": patches,
            "Size": self.size,
            "WithSecond": self.with_second,
            "Digests": self.digests,
        }

    @classmethod
    def from_case(cls, case: dict[str, Any]) -> Mutation:
        """The mutation that a case is."""
        patches = tuple((place, bytes.fromhex(content)) for place, content in case["Patches"])
        return cls(case["Sample"], patches, case["Size"], case["WithSecond"], case["Digests"])


@cache
def _by_name() -> dict[str, Sample]:
    return {sample.name: sample for sample in samples()}


def mutation(number: int, seed: int) -> Mutation:
    """One to four changes to one of the samples."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311
    sample = chance.choice(samples())
    patches: list[tuple[int, bytes]] = []
    size = None
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        start, length = chance.choice(sample.looked_at)
        # The start of a structure is where its numbers are.
        place = start + min(int(chance.expovariate(1 / 48)), length - 1)
        kind = chance.randrange(10)
        if kind < 3:
            old = sample.source.read(place, 1)
            patches.append((place, bytes([old[0] ^ (1 << chance.randrange(8))])))
        elif kind < 7:
            width = chance.choice((1, 2, 4, 8))
            value = chance.choice(_NUMBERS) & ((1 << 8 * width) - 1)
            patches.append((place - place % width, value.to_bytes(width, chance.choice(("little", "big")))))
        elif kind < 9:
            other, count = chance.choice(sample.looked_at)
            patches.append((place, sample.source.read(other, min(count, chance.choice((4, 16, 64, 512))))))
        elif chance.random() < 0.3:
            size = chance.randrange(sample.source.size + 1)
    return Mutation(sample.name, tuple(patches), size, chance.random() < 0.2, chance.random() < 0.5)


class FuzzFailure(AssertionError):
    """An inspection that did not end as every inspection must."""


def inspect_mutation(case: Mutation) -> tuple[Cost, tuple[str, ...]]:
    """Inspect a mutation; what it cost and the codes of what was found.

    Raises:
        FuzzFailure: It ended in a fault of the readers, or spent what only a bomb may spend.
        Exception: Whatever the readers raise that they should not.
    """
    files = [ImageFile(Patched(_by_name()[case.sample].source, case.patches, case.size), case.sample)]
    if case.with_second:
        files.append(ImageFile(second_disk(), "second.raw"))
    before = time.process_time()
    with mock.patch("vmie_images.inspection._UNFORESEEN", ()):
        inspection = inspect_containers(files, budget=BUDGET, region="eu-south-2", digests=case.digests)
    json.dumps(inspection.to_document())
    seconds = time.process_time() - before
    cost, codes = inspection.cost, tuple(finding.code for finding in inspection.findings)
    if "ReaderFault" in codes:
        raise FuzzFailure(f"a fault of the readers: {inspection.findings}")
    if seconds > MOST_SECONDS:
        raise FuzzFailure(f"{seconds:.1f} s of processor time")
    spent = [finding.found for finding in inspection.findings if finding.code == "InspectionIncomplete"]
    if any(found.startswith("more than") for found in spent):
        raise FuzzFailure(f"{spent}: {cost} against {BUDGET}")
    return cost, codes


@cache
def _hive() -> bytes:
    keys = {f"Key{number:02}": {"Value": number, "Text": "words"} for number in range(40)}
    return hive({"Microsoft": {"Windows NT": {"CurrentVersion": keys | {"ProductName": "Windows"}}}})


def read_mutated_hive(number: int, seed: int) -> None:
    """Look values up in a mutated registry hive.

    Raises:
        Exception: Whatever the reader raises that it should not.
    """
    chance = random.Random(f"{seed}/hive/{number}")  # noqa: S311
    data = bytearray(_hive())
    for _ in range(chance.choice((1, 2, 4))):
        place = chance.randrange(len(data) - 8)
        struct.pack_into("<I", data, place, chance.choice(_NUMBERS) & 0xFFFFFFFF)
    try:
        found = Hive(lambda offset, length: bytes(data[max(offset, 0) : max(offset, 0) + max(length, 0)]))
        found.values("Microsoft\\Windows NT\\CurrentVersion")
        found.values("Microsoft\\Windows NT\\CurrentVersion\\Key33")
    except ImageError:
        pass


def resident() -> int:
    """The most bytes of memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    """Fuzz, and report what was found how often and what the dearest inspections cost."""
    parser = argparse.ArgumentParser(prog="fuzzing")
    parser.add_argument("--mutations", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    codes: Counter[str] = Counter()
    dearest = {"s": 0.0, "GETs": 0.0, "bytes": 0.0, "steps": 0.0}
    samples()
    memory, started, failed = resident(), time.process_time(), 0
    for number in range(options.mutations):
        before, case = time.process_time(), mutation(number, options.seed)
        try:
            cost, found = inspect_mutation(case)
            read_mutated_hive(number, options.seed)
            if resident() - memory > MOST_MEMORY:
                raise FuzzFailure(f"{resident() - memory} bytes of memory")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
            print(f"mutation {number} of seed {options.seed}: {error!r}", file=sys.stderr)
            print(json.dumps(case.to_case()), file=sys.stderr)
            failed, memory = failed + 1, max(memory, resident())
            continue
        codes.update(set(found) or {"nothing"})
        spent = (time.process_time() - before, cost.gets, cost.bytes, cost.steps)
        dearest = {name: max(most, now) for (name, most), now in zip(dearest.items(), spent, strict=True)}
    print(
        f"{options.mutations} mutations of seed {options.seed} in {time.process_time() - started:.0f} s, "
        f"{failed} failed; the dearest: {', '.join(f'{most:g} {name}' for name, most in dearest.items())}; "
        f"{(resident() - memory) >> 20} MiB of memory more"
    )
    for code, count in codes.most_common():
        print(f"{count:8} {code}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
