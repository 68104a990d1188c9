"""Damaged images end in findings. ``make fuzz`` runs many more of these."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.images import fuzzing
from tests.unit.images.fuzz_samples import samples
from tests.unit.images.fuzzing import FuzzFailure, Mutation, inspect_mutation, mutation, read_mutated_hive
from vmie_images import Budget

SEED = 20250101
BATCH = 250
CASES = json.loads((Path(__file__).parents[2] / "data" / "fuzz_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("first", range(0, 2000, BATCH))
def test_no_mutation_makes_an_inspection_fail(first: int) -> None:
    seen = set()
    for number in range(first, first + BATCH):
        case = mutation(number, SEED)
        inspect_mutation(case)
        read_mutated_hive(number, SEED)
        seen.add(case.sample)

    assert len(seen) > len(samples()) / 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["Why"])
def test_what_was_found_once_is_not_found_again(case: dict) -> None:
    inspect_mutation(Mutation.from_case(case))


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_whole_sample_takes_a_tenth_of_what_a_mutation_may(sample) -> None:
    cost, _ = inspect_mutation(Mutation(sample.name, ()))

    assert cost.steps <= fuzzing.BUDGET.steps / 10
    assert cost.gets <= fuzzing.BUDGET.gets / 4


def test_a_mutation_is_the_same_again_as_a_case() -> None:
    case = mutation(7, SEED)

    assert Mutation.from_case(json.loads(json.dumps(case.to_case()))) == case


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (("BUDGET", Budget(steps=50)), "50 steps"),
        (("BUDGET", Budget(gets=2)), "2 reads"),
        (("MOST_SECONDS", -1.0), "processor time"),
    ],
    ids=["work", "reads", "time"],
)
def test_a_mutation_that_costs_too_much_is_found(
    monkeypatch: pytest.MonkeyPatch, limit: tuple[str, object], said: str
) -> None:
    monkeypatch.setattr(fuzzing, *limit)

    with pytest.raises(FuzzFailure, match=said):
        inspect_mutation(Mutation("linux-bls.raw", ()))


def test_a_fault_of_the_readers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from vmie_images.errors import UnreadableLayoutError

    def broken(*_: object) -> None:
        raise UnreadableLayoutError("nobody catches this")

    monkeypatch.setattr("vmie_images.inspection.examine", broken)

    with pytest.raises(FuzzFailure, match="nobody catches this"):
        inspect_mutation(Mutation("demo.raw", ()))
