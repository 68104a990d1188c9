"""The README's own commands, run with the AWS CLI as a newcomer runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.vm_disks import needs_disk_tools

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
UPLOAD, EXECUTIONS, TASKS, RESULT, ASK, EXPORTED = re.findall(r"```sh\n(.+?)```", README, re.DOTALL)
SETTINGS = re.findall(r"vmie_local .*--deploy -c '(.+?)'", README)
TERMINAL = ("Succeeded", "Failed", "Rejected", "Cancelled", "TimedOut")


@pytest.fixture(scope="module")
def shell() -> Iterator[dict[str, str]]:
    """The environment after pasting what the README's `python -m vmie_local …` prints."""
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    serve = [
        sys.executable,
        "-X",
        "faulthandler",
        "-m",
        "vmie_local",
        "--port",
        "0",
        "--time-scale",
        "0.005",
        "--deploy",
        *settings,
    ]
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        exported: dict[str, str] = {}
        for line in process.stdout:
            if line.strip() == "ready":
                break
            if found := re.fullmatch(r"export (\w+)='?(.*?)'?", line.strip()):
                exported[found[1]] = found[2]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        yield {**os.environ, **exported, "PATH": path, "AWS_PAGER": ""}
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=120) == 0
        finally:  # One that does not end says where it stands, and ends.
            process.send_signal(signal.SIGABRT)


def run(command: str, shell: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, env=shell, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ended(result: str, shell: dict[str, str]) -> dict[str, Any]:
    """The document that a command shows, once it is final."""
    end = time.monotonic() + 240
    document: dict[str, Any] = {}
    while document.get("Status") not in TERMINAL:
        assert time.monotonic() < end, document
        time.sleep(1)
        try:
            document = json.loads(run(result, shell))
        except AssertionError:  # There is none yet.
            continue
    return document


@pytest.fixture(scope="module")
def imported(shell: dict[str, str]) -> dict[str, Any]:
    """The result of the README's import."""
    inspected = run(UPLOAD, shell)
    assert "Verdicts: image accepted" in inspected
    return ended(RESULT, shell)


def test_every_command_of_the_readme_shows_the_import(
    shell: dict[str, str], imported: dict[str, Any]
) -> None:
    assert imported["Status"] == "Succeeded", imported
    listed = json.loads(run(EXECUTIONS, shell))["executions"]
    assert [execution["executionArn"] for execution in listed] == [imported["ExecutionArn"]]
    everything, active, table = (run(line, shell) for line in TASKS.strip().splitlines())
    described = json.loads(everything)["ImportImageTasks"]
    assert [task["ImageId"] for task in described] == [imported["ImageId"]]
    assert json.loads(active)["ImportImageTasks"] == []
    assert str(imported["ImportTaskId"]) in table
    assert "completed" in table


@needs_disk_tools
def test_the_readmes_export_gives_back_a_file_that_its_result_fetches(
    shell: dict[str, str], imported: dict[str, Any], tmp_path: Path
) -> None:
    assert imported["Status"] == "Succeeded", imported
    run(ASK, shell)
    exported = ended(EXPORTED, shell)
    assert exported["Status"] == "Succeeded", exported
    (file,) = exported["Exports"]
    fetch = next(step for step in exported["NextSteps"] if step.startswith("Fetch it: "))
    run(f"cd {tmp_path} && {fetch.removeprefix('Fetch it: ')}", shell)
    (fetched,) = tmp_path.iterdir()
    assert fetched.stat().st_size == file["Size"]
    assert fetched.name == f"{exported['ExportTaskId']}.vmdk"
