"""Takes the bodies of uploads to disk before moto sees the request."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from vmie_local.object_storage.aws_chunked import BrokenBodyError, decode, exactly
from vmie_local.object_storage.body import BodyStore
from vmie_local.object_storage.checksums import wrong_digest
from vmie_local.object_storage.handover import HEADER, Handover

INCOMING_BODY = "vmie.incoming_body"
"""Where a WSGI environment carries the body of an upload."""

_HANDOVER = f"HTTP_{HEADER.upper().replace('-', '_')}"
_CHUNK = 1 << 20
_WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BodyIntake:
    """WSGI middleware: the request behind it has no body, the environment carries an `ObjectBody`."""

    def __init__(
        self,
        store: BodyStore,
        is_upload: Callable[[dict[str, Any]], bool],
        behind: _WsgiApp,
        handover: Handover | None = None,
    ) -> None:
        """Stand before an application.

        Args:
            store: Where bodies go.
            is_upload: Whether a PUT is PutObject or UploadPart.
            behind: moto's application.
            handover: Bodies that are here already. Default: there are none.
        """
        self._store, self._is_upload, self._behind = store, is_upload, behind
        self._handover = handover or Handover(store)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        if environ["REQUEST_METHOD"] != "PUT" or not self._is_upload(environ):
            return self._behind(environ, start_response)
        trailers: dict[str, str] = {}
        token = environ.pop(_HANDOVER, None)
        body = self._handover.take(token) if token else None
        if token and body is None:
            return _refuse(start_response, "InvalidRequest", f"The header {HEADER} names no body.")
        try:
            body = body or self._store.save(_payload(environ, trailers))
        except BrokenBodyError as error:
            return _refuse(start_response, "IncompleteBody", f"The request body cannot be read: {error}.")
        if wrong := wrong_digest(body, {**_headers(environ), **trailers}):
            message = f"The {wrong} you specified did not match what we received."
            return _refuse(start_response, "BadDigest", message)
        for name, value in trailers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        _without_body(environ)
        environ[INCOMING_BODY] = body
        try:
            return self._behind(environ, start_response)
        finally:
            # The environment outlives the request in the journal of calls; the body's file must not.
            del environ[INCOMING_BODY]


def _payload(environ: dict[str, Any], trailers: dict[str, str]) -> Iterator[bytes]:
    stream = environ["wsgi.input"]
    if environ.get("HTTP_X_AMZ_CONTENT_SHA256", "").startswith("STREAMING-"):
        return decode(stream, trailers)
    if environ.get("wsgi.input_terminated"):
        return iter(lambda: stream.read(_CHUNK), b"")
    return exactly(stream, int(environ.get("CONTENT_LENGTH") or 0))


def _without_body(environ: dict[str, Any]) -> None:
    environ["wsgi.input"] = io.BytesIO()
    environ["CONTENT_LENGTH"] = "0"
    environ["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
    for name in ("HTTP_TRANSFER_ENCODING", "HTTP_X_AMZ_DECODED_CONTENT_LENGTH", "HTTP_X_AMZ_TRAILER"):
        environ.pop(name, None)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    return {
        name[5:].lower().replace("_", "-"): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _refuse(start_response: Callable[..., Any], code: str, message: str) -> Iterable[bytes]:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error>"
    ).encode()
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response("400 Bad Request", headers)
    return [body]
