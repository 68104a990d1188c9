"""The application behind the front door, and what can be learned from its answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vmie_local.front_door.http import StartResponse, WsgiApp

_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


@dataclass(frozen=True)
class Answer:
    """An answer of the application behind, not sent yet.

    Attributes:
        status_line: Such as `404 NOT FOUND`.
        headers: Names and values.
        chunks: The body.
    """

    status_line: str
    headers: list[tuple[str, str]]
    chunks: Iterable[bytes]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.status_line.split(" ", 1)[0])

    def read(self) -> tuple[Answer, bytes]:
        """The answer with its whole body in memory, and the body."""
        body = b"".join(self.chunks)
        if close := getattr(self.chunks, "close", None):
            close()
        return Answer(self.status_line, self.headers, [body]), body

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Send it."""
        start_response(self.status_line, self.headers)
        return self.chunks

    def error_code(self, body: bytes) -> str:
        """The code of an error answer, in whatever protocol it is written."""
        for name, value in self.headers:
            if name.lower() == "x-amzn-errortype":
                return value.partition(":")[0]
        if found := _XML_CODE.search(body):
            return found.group(1).decode()
        try:
            document = json.loads(body)
            code = document.get("__type") or document.get("code") or document.get("Code")
        except (ValueError, AttributeError):
            return str(self.status)
        return str(code).rpartition("#")[2] if code else str(self.status)


def ask(application: WsgiApp, environ: dict[str, Any]) -> Answer:
    """Let a WSGI application answer, without sending the answer yet.

    Raises:
        RuntimeError: If it returns without having started its answer.
    """
    heard: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        heard.append((status, headers))

    chunks = application(environ, start_response)
    if not heard:
        raise RuntimeError("The application behind the front door returned before it started its answer.")
    status, headers = heard[-1]
    return Answer(status, headers, chunks)
