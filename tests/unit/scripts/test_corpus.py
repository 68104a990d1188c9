"""The corpus's command: what makes it fail."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import scripts.corpus.__main__ as corpus
from scripts.corpus.machine import Machine


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command over one machine in no container, of which so many files are compared."""

    def command(files: int, different: list[str], *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["corpus", *arguments, "--containers"])
        monkeypatch.setattr(corpus.checks, "check_contents", lambda *_: (files, different))
        return corpus.main()

    monkeypatch.setattr(corpus, "FOLDER", tmp_path)
    monkeypatch.setattr(corpus, "RECIPES", {"one": lambda _: Machine("one", (Path("one.raw"),))})
    monkeypatch.setattr(corpus, "require", lambda: None)
    monkeypatch.setattr(corpus.debian, "system", lambda folder: folder)
    monkeypatch.setattr(corpus.checks, "check_facts", lambda *_: [])
    monkeypatch.setattr(corpus, "_containers", lambda *_: ([], []))
    return command


def test_a_run_that_compared_enough_files_succeeds(run) -> None:
    assert run(10_000, []) == 0


def test_a_run_that_compared_too_few_files_fails_and_says_so(run, tmp_path) -> None:
    assert run(9_999, []) == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["Differences"] == ["9999 files compared, at least 10000 should be"]


def test_a_run_over_chosen_machines_compares_what_they_have(run) -> None:
    assert run(12, [], "one") == 0


def test_a_file_that_differs_fails_the_run(run) -> None:
    assert run(10_000, ["/etc/fstab"]) == 1
