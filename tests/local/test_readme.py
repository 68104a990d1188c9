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

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = re.findall(r"```sh\n(.+?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def shell() -> Iterator[dict[str, str]]:
    """The environment after pasting what `python -m vmie_local --deploy` prints."""
    serve = [sys.executable, "-m", "vmie_local", "--port", "0", "--time-scale", "0.005", "--deploy"]
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
        assert process.wait(timeout=60) == 0


def run(command: str, shell: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, env=shell, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_command_of_the_readme_shows_the_import(shell: dict[str, str]):
    upload, executions, tasks, result = COMMANDS
    run(upload, shell)
    end = time.monotonic() + 120
    document: dict[str, object] = {}
    while document.get("Status") not in ("Succeeded", "Failed", "Rejected"):
        assert time.monotonic() < end, document
        time.sleep(1)
        try:
            document = json.loads(run(result, shell))
        except AssertionError:
            continue

    assert document["Status"] == "Succeeded", document
    listed = json.loads(run(executions, shell))["executions"]
    assert [execution["executionArn"] for execution in listed] == [document["ExecutionArn"]]
    everything, active, table = (run(line, shell) for line in tasks.strip().splitlines())
    described = json.loads(everything)["ImportImageTasks"]
    assert [task["ImageId"] for task in described] == [document["ImageId"]]
    assert json.loads(active)["ImportImageTasks"] == []
    assert str(document["ImportTaskId"]) in table
    assert "completed" in table
