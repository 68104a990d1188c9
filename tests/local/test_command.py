"""`python -m vmie_local` as a process: it serves, says where, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def served(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "vmie_local", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], last: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(last):
            return lines
    pytest.fail(f"It ended without {last!r}: {lines} {process.stderr.read() if process.stderr else ''}")


def descendants(pid: int) -> set[int]:
    """Every process below one, from /proc."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(folder.name)] = int(fields[1])
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= more
    return found


def alive(pids: set[int]) -> set[int]:
    found = set()
    for pid in pids:
        try:
            state = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.add(pid)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted(number: signal.Signals) -> None:
    with served("--port", "0", "--time-scale", "0.01") as process:
        lines = lines_until(process, "ready")
        environ = dict(line.removeprefix("export ").split("=", 1) for line in lines[:-1])
        client = boto3.client(
            "sts",
            endpoint_url=environ["AWS_ENDPOINT_URL"],
            region_name=environ["AWS_REGION"],
            aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        )
        assert client.get_caller_identity()["Account"] == "123456789012"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0
        folder = Path(errors.partition("Data: ")[2].partition(".\n")[0])
        assert folder.name.startswith("vmie-local-")
        assert not folder.exists()
        assert "A local run cannot prove:" in errors
        assert "Traceback" not in errors


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
def test_an_interruption_of_a_deployment_ends_node_and_the_app() -> None:
    with served("--port", "0", "--time-scale", "0.01", "--deploy") as process:
        lines_until(process, "export AWS_RESPONSE_CHECKSUM_VALIDATION")
        below: set[int] = set()
        for _ in range(300):
            below |= descendants(process.pid)
            names = [command_of(pid) for pid in below]
            if any("app.py" in name for name in names):
                break
            time.sleep(0.1)
        else:
            pytest.fail(f"The app was not started: {names}")
        below |= descendants(process.pid)
        assert any("node" in command_of(pid) for pid in below)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        deadline = time.monotonic() + 10
        while (left := alive(below)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left, [command_of(pid) for pid in left]


def command_of(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_taken_port_is_named_with_a_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "vmie_local", "--port", port],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ},
        )
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
    assert "--port" in done.stderr
