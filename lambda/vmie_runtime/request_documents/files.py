"""Request files, and the input of a state machine."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents.documents import Entry, RequestDocument, RequestFile
from vmie_runtime.request_documents.json_text import RepeatedKeys, read_json, require_shallow
from vmie_runtime.request_documents.problems import shown
from vmie_runtime.request_documents.reading import read_request

MAX_ENTRIES = 10_000
# A request travels through the table and the state machine whole; UEFI data alone may have 64,000.
MAX_ENTRY_BYTES = 96 * 1024


def parse_file(body: bytes) -> RequestFile:
    """Read a file under `requests/`: one request, or a fleet `{"Requests": […]}`.

    A request that is not valid is an entry with its rejection; it keeps no other from being read.

    Args:
        body: The object's bytes.

    Raises:
        RequestRejected: If the file is not JSON, or neither a request nor a fleet.
    """
    document, look_through = read_json(body)
    if isinstance(document, dict) and "Requests" in document:
        return RequestFile(fleet=True, entries=_entries(_fleet(document), look_through=look_through))
    if not isinstance(document, (dict, list)):
        raise RequestRejected(
            "InvalidRequestFile",
            f"The file holds {shown(document)}; a request is a JSON object, or an array of disk containers.",
        )
    return RequestFile(fleet=False, entries=_entries([document], look_through=look_through))


def parse_start(document: Any) -> RequestDocument:
    """Read what a state machine was started with: one request.

    Args:
        document: The execution's input.

    Raises:
        RequestRejected: If it is not a valid request, or a fleet.
    """
    require_shallow(document)
    if isinstance(document, dict) and "Requests" in document:
        raise RequestRejected(
            "FleetNeedsFile",
            'The input holds "Requests": an execution carries one request. Drop the fleet as a file under '
            "requests/ in the bucket, or start one execution for each entry.",
        )
    try:
        text = _canonical(document)
    except ValueError as error:  # What `read_json` keeps out of files.
        raise RequestRejected("InvalidJson", "The input holds a number of thousands of digits.") from error
    return _read(document, text, look_through=True)


def _fleet(document: dict[str, Any]) -> list[Any]:
    requests = document["Requests"]
    others = [name for name in document if name not in ("Requests", "$schema")]
    if isinstance(document, RepeatedKeys):
        fault = f'it names "{shown(document.repeated[0])}" twice'
    elif others:
        fault = f'it has "{shown(others[0])}" beside "Requests"; what holds for each stands in each entry'
    elif not isinstance(requests, list):
        fault = f'"Requests" is {shown(requests)} and must be an array of requests'
    elif not requests:
        fault = '"Requests" is empty'
    elif len(requests) > MAX_ENTRIES:
        fault = f'"Requests" holds {len(requests):,} entries and may hold {MAX_ENTRIES:,}. Split it'
    else:
        return requests
    raise RequestRejected("InvalidRequestFile", f"The file is no fleet: {fault}.")


def _entries(documents: list[Any], *, look_through: bool) -> tuple[Entry, ...]:
    seen: Counter[str] = Counter()
    entries = []
    for ordinal, document in enumerate(documents):
        text = _canonical(document)
        digest = hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()
        seen[text] += 1
        read: RequestDocument | None = None
        rejection: RequestRejected | None = None
        try:
            read = _read(document, text, look_through=look_through)
        except RequestRejected as error:
            rejection = error
        entries.append(Entry(ordinal=ordinal, document=read, rejection=rejection, digest=digest))
    return tuple(entries)


def _read(document: Any, text: str, *, look_through: bool) -> RequestDocument:
    if len(text) > MAX_ENTRY_BYTES:
        raise RequestRejected(
            "InvalidRequestFile",
            f"The request has {len(text):,} characters of JSON; a request has at most {MAX_ENTRY_BYTES:,}.",
        )
    return read_request(document, look_through=look_through)


def _canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
