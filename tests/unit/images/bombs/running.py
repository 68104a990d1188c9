"""Runs bombs, each in a process of its own whose processor time and memory are limited.

``python -m tests.unit.images.bombs.running [NAME ...]`` prints a line of JSON for each.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from tests.unit.images.bombs import BOMBS

MOST_SECONDS = 5
"""Seconds of processor time after which the process is killed; bombs that are defused take tenths of one."""
MOST_MEMORY = 256 << 20
"""Bytes of memory that a bomb may take, beside what the tests have."""


def run(name: str) -> dict[str, Any]:
    """Run one bomb and tell how it ended.

    Returns:
        `Name`, `Found` (codes), `Seconds` and `Error`, which is None where it ended as it should.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _explode(name, writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    if not said:
        return {"Name": name, "Found": [], "Seconds": None, "Error": f"killed (status {status:#x})"}
    outcome: dict[str, Any] = json.loads(said)
    return outcome


def _explode(name: str, writer: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    found, error = set[str](), None
    before = time.process_time()
    try:
        bomb = BOMBS[name]()
        limit = _memory() + MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        before = time.process_time()
        found = bomb()
    except BaseException as raised:  # noqa: BLE001 - the child tells its parent whatever it was
        error = repr(raised)
    seconds = time.process_time() - before
    outcome = {"Name": name, "Found": sorted(found), "Seconds": seconds, "Error": error}
    os.write(writer, json.dumps(outcome).encode())
    os._exit(0)


def _memory() -> int:
    """Bytes of address space that this process has."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def main() -> None:
    """Run the bombs of the command line, or all."""
    for name in sys.argv[1:] or BOMBS:
        print(json.dumps(run(name)), flush=True)


if __name__ == "__main__":
    main()
