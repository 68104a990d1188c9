"""Damaged images end in findings. ``make fuzz`` runs many more of these."""

from __future__ import annotations

import pytest

from tests.unit.images.fuzzing import inspect_mutation, read_mutated_hive, samples

SEED = 20250101
BATCH = 250


@pytest.mark.parametrize("first", range(0, 2000, BATCH))
def test_no_mutation_makes_an_inspection_raise(first: int) -> None:
    seen = set()
    for number in range(first, first + BATCH):
        name, codes = inspect_mutation(number, SEED)
        read_mutated_hive(number, SEED)
        assert "ReaderFault" not in codes, f"mutation {number} of {name}"
        seen.add(name)

    assert len(seen) > len(samples()) / 2
