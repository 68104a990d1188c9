"""One invocation of a function and how it ended."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Invocation:
    """An event on its way to a handler.

    Attributes:
        payload: The event as JSON.
        request_id: The `aws_request_id` of the handler's context.
        trace_header: X-Ray's header. Its `Parent` is new with every invocation; botocore sends it with
            each call that the handler makes, so that a call tells which invocation made it.
    """

    payload: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    trace_header: str = ""


def trace_header(incoming: str | None = None) -> str:
    """An X-Ray header for a new segment, in the trace of an incoming header if there is one."""
    fields = dict(part.partition("=")[::2] for part in (incoming or "").split(";") if "=" in part)
    root = fields.get("Root") or f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled={fields.get('Sampled', '0')}"


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended.

    Attributes:
        payload: The handler's answer, or the error document.
        failed: Whether the answer is an error (`X-Amz-Function-Error`).
        request_id: The invocation's id.
        log: The lines that Lambda shows for it, from START to REPORT.
    """

    payload: bytes
    failed: bool
    request_id: str
    log: tuple[str, ...] = ()

    @property
    def error_type(self) -> str | None:
        """The name of the error, such as the class of the handler's exception."""
        if not self.failed:
            return None
        document = json.loads(self.payload)
        return str(document.get("errorType", "Unhandled")) if isinstance(document, dict) else "Unhandled"


def error_document(kind: str, message: str) -> bytes:
    """An error that Lambda itself reports, not the handler."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class TooManyRequestsError(Exception):
    """The function's reserved concurrency is used up."""
