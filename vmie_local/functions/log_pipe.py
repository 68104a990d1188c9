"""What a worker prints, line by line, in time for the invocation that printed it."""

from __future__ import annotations

import os
import select
import threading
from typing import IO


class LogPipe:
    """The reading end of a process's standard output.

    A thread reads it so that the process never blocks. `take` reads what is still in the pipe first: what a
    handler printed before it answered is in the pipe when the answer arrives.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """Read from a pipe; it is closed by `pump`."""
        self._stream = stream
        os.set_blocking(stream.fileno(), False)
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._rest = b""

    def pump(self) -> None:
        """Read until the other end closes."""
        while True:
            select.select([self._stream], [], [])
            with self._lock:
                if not self._read():
                    break
        self._stream.close()

    def take(self) -> list[str]:
        """The lines since the last time."""
        with self._lock:
            if not self._stream.closed:
                self._read()
            if self._rest:
                self._add(self._rest)
                self._rest = b""
            lines, self._lines = self._lines, []
        return lines

    def _read(self) -> bool:
        while True:
            try:
                chunk = os.read(self._stream.fileno(), 65536)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            *complete, self._rest = (self._rest + chunk).split(b"\n")
            for line in complete:
                self._add(line)

    def _add(self, line: bytes) -> None:
        # awslambdaric separates the lines of one message by carriage returns: they stay one event.
        text = line.decode("utf-8", "replace").replace("\r", "\n").rstrip()
        if text:
            self._lines.append(text)
