"""Bombs go off in a process of their own, with a limit on its processor time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.images.bombs import BOMBS
from tests.unit.images.bombs.bomb import REFUSED, SPENT
from vmie_images import CATALOGUE

ROOT = Path(__file__).parents[3]
ENDS = {
    "VMDK grains of 32 MiB": {"InspectionIncomplete"},
    "VMDK grains of 1 MiB": {"GptOneCopy", "InspectionIncomplete"},
    "a VMDK descriptor of blank lines": {"VmdkCorrupt"},
    "an OVF of many elements": {REFUSED},
    "an OVF of entities": {REFUSED},
    "a zlib stream without a limit": set[str](),
    "a checksum of all bytes": {SPENT},
    "a volume group with a long name": {REFUSED},
    "a btrfs tree whose nodes all point at one": {REFUSED},
    "a btrfs tree of equal keys": {REFUSED},
    "a btrfs node that is its own child": {REFUSED},
    "an XFS extent tree that names one leaf 200 times": {REFUSED},
    "a crowded ext directory, searched again and again": {SPENT},
    "NTFS records of attribute lists": {SPENT},
    "a registry index of equal lists": {REFUSED},
    "a registry index that is its own list": {REFUSED},
}
"""How those end of which it matters how."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    """How each bomb ended."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.images.bombs.running"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'lambda'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return {outcome["Name"]: outcome for outcome in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_within_little_time_and_memory(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    outcome = outcomes[name]

    assert outcome["Error"] is None
    assert set(outcome["Found"]) <= {REFUSED, SPENT} | set(CATALOGUE) - {"ReaderFault"}


@pytest.mark.parametrize(("name", "end"), ENDS.items(), ids=ENDS)
def test_a_bomb_is_refused_for_what_it_is(
    outcomes: dict[str, dict[str, Any]], name: str, end: set[str]
) -> None:
    assert set(outcomes[name]["Found"]) == end


def test_a_bomb_that_goes_off_is_killed_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.images.bombs import running

    def forever() -> set[str]:
        while True:
            pass

    monkeypatch.setitem(BOMBS, "busy", lambda: forever)
    monkeypatch.setitem(BOMBS, "large", lambda: lambda: {str(len(bytes(1 << 40)))})
    monkeypatch.setattr(running, "MOST_SECONDS", 1)

    assert "killed" in running.run("busy")["Error"]
    assert "MemoryError" in running.run("large")["Error"]
