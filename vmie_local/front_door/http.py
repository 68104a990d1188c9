"""HTTP requests and answers, as little of them as the front door needs."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

StartResponse = Callable[..., Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_DRAIN_CHUNK = 1 << 20


class HttpRequest:
    """A view on a WSGI environment. It reads the body only when asked to."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self._body: bytes | None = None

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return str(self.environ["REQUEST_METHOD"])

    @cached_property
    def path(self) -> str:
        """The path as it came over the wire, still percent-encoded."""
        raw = str(self.environ.get("RAW_URI") or self.environ.get("REQUEST_URI") or "")
        if not raw.startswith("/"):  # an absolute URI, or a server that does not tell
            raw = (
                "/" + raw.split("/", 3)[3] if raw.count("/") >= 3 else str(self.environ.get("PATH_INFO", "/"))
            )
        return raw.partition("?")[0]

    @cached_property
    def query(self) -> dict[str, str]:
        """The query string; of a repeated name the first value."""
        return dict(reversed(self.query_pairs))

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        """Every pair of the query string, in order."""
        return parse_qsl(str(self.environ.get("QUERY_STRING", "")), keep_blank_values=True)

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        """The pairs of the query string, then those of a form in the body."""
        if "form-urlencoded" not in self.headers.get("content-type", ""):
            return self.query_pairs
        return self.query_pairs + parse_qsl(self.body().decode("utf-8", "replace"), keep_blank_values=True)

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers, with lower-case names."""
        found = {
            name[5:].lower().replace("_", "-"): str(value)
            for name, value in self.environ.items()
            if name.startswith("HTTP_")
        }
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            if self.environ.get(name):
                found[name.lower().replace("_", "-")] = str(self.environ[name])
        return found

    def body(self) -> bytes:
        """The whole body. Whoever answers after us still reads it."""
        if self._body is None:
            stream = self.environ["wsgi.input"]
            if self.environ.get("wsgi.input_terminated"):
                self._body = stream.read()
            else:
                self._body = stream.read(self._content_length())
            self.environ["wsgi.input"] = io.BytesIO(self._body)
        return self._body or b""

    def drain(self) -> None:
        """Read and forget what is left of the body, so that the caller gets to read an early answer."""
        if self._body is not None:
            return
        stream, left = self.environ["wsgi.input"], self._content_length()
        if self.environ.get("wsgi.input_terminated"):
            while stream.read(_DRAIN_CHUNK):
                pass
            return
        while left > 0:
            chunk = stream.read(min(left, _DRAIN_CHUNK))
            if not chunk:
                return
            left -= len(chunk)

    def _content_length(self) -> int:
        try:
            return max(0, int(self.environ.get("CONTENT_LENGTH") or 0))
        except ValueError:
            return 0


@dataclass(frozen=True)
class HttpAnswer:
    """What goes back.

    Attributes:
        status: The HTTP status.
        headers: Header names and values; `Content-Length` is added where the body's size is known.
        body: Bytes, or chunks of them.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""

    def __call__(self, request: HttpRequest, start_response: StartResponse) -> Iterable[bytes]:
        """Send the answer as a WSGI application does."""
        request.drain()
        headers = dict(self.headers)
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        if isinstance(self.body, bytes):
            if self.status != 204:
                headers["Content-Length"] = str(len(self.body))
            start_response(f"{self.status} {phrase}", list(headers.items()))
            return [] if request.method == "HEAD" or self.status == 204 else [self.body]
        start_response(f"{self.status} {phrase}", list(headers.items()))
        return self.body
