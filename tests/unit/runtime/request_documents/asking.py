"""Reading a request as the pipeline does: from the bytes of a file."""

import copy
import json
from typing import Any

from tests.unit.runtime.request_documents.valid_requests import VALID_REQUESTS
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents import Entry, RequestDocument, parse_file


def entry_of(document: Any) -> Entry:
    """The only entry of a file with one request."""
    file = parse_file(document if isinstance(document, bytes) else json.dumps(document).encode())
    assert not file.fleet
    assert len(file.entries) == 1
    return file.entries[0]


def accepted(document: Any) -> RequestDocument:
    """The request that a document is."""
    entry = entry_of(document)
    assert entry.rejection is None, entry.rejection
    assert entry.document is not None
    return entry.document


def rejected(document: Any) -> RequestRejected:
    """Why a document is no request."""
    entry = entry_of(document)
    assert entry.document is None
    assert entry.rejection is not None
    return entry.rejection


def parameters_at_fault(rejection: RequestRejected) -> list[str]:
    """The paths that a rejection blames."""
    return [problem["Parameter"] for problem in rejection.facts["Problems"]]


def valid(name: str, **changes: Any) -> dict[str, Any]:
    """A valid request, with some of its keys replaced; None leaves a key out."""
    document = copy.deepcopy(VALID_REQUESTS[name])
    document.update(changes)
    return {key: value for key, value in document.items() if value is not None}


def image(container: dict[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
    """A small request for an image."""
    disk = {"Format": "vmdk", "UserBucket": {"S3Key": "disks/web-1.vmdk"}} if container is None else container
    return {"DiskContainers": [disk], **parameters}


def snapshot(container: dict[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
    """A small request for a snapshot."""
    disk = {"Format": "vmdk", "UserBucket": {"S3Key": "disks/web-1.vmdk"}} if container is None else container
    return {"DiskContainer": disk, **parameters}
