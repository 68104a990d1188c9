"""Request documents: the EC2 API's own JSON, read and validated. Pure: nothing here calls AWS.

`parse_file` reads what was dropped under `requests/`, `parse_start` what a state machine was started with.
"""

from __future__ import annotations

from vmie_runtime.request_documents.documents import Entry, RequestDocument, RequestFile
from vmie_runtime.request_documents.durations import duration_seconds
from vmie_runtime.request_documents.files import parse_file, parse_start

__all__ = [
    "Entry",
    "RequestDocument",
    "RequestFile",
    "duration_seconds",
    "parse_file",
    "parse_start",
]
