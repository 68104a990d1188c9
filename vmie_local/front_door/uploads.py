"""Which requests carry the body of an S3 object."""

from __future__ import annotations

from typing import Any

from vmie_local.front_door.http import HttpRequest
from vmie_local.front_door.identify import identify
from vmie_local.front_door.signature import read_signature

_UPLOADS = frozenset({"PutObject", "UploadPart"})


def is_upload(environ: dict[str, Any]) -> bool:
    """Whether a request is an upload to S3; its body is not looked at."""
    request = HttpRequest(environ)
    found = identify(request, read_signature(request))
    return found.service == "s3" and found.operation_name in _UPLOADS
