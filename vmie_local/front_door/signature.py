"""What a signature says: whose key, which Region, which service. Nothing is verified: no key is secret."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vmie_local.front_door.http import HttpRequest

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")


@dataclass(frozen=True)
class Signature:
    """The credential scope of a request.

    Attributes:
        access_key_id: The access key.
        region: The Region, or None where the signature has none (Signature Version 2).
        signing_name: The service's signing name, or None as well.
    """

    access_key_id: str
    region: str | None = None
    signing_name: str | None = None


def read_signature(request: HttpRequest) -> Signature | None:
    """The signature in the `Authorization` header or in a presigned URL, or None without one.

    boto3 still presigns S3 URLs with Signature Version 2 (`?AWSAccessKeyId=…`), which names no Region.
    """
    authorization = request.headers.get("authorization", "")
    if found := _CREDENTIAL.search(authorization):
        return _scope(found.group(1))
    if authorization.startswith("AWS "):
        return Signature(authorization[4:].partition(":")[0].strip(), None, "s3")
    if credential := request.query.get("X-Amz-Credential"):
        return _scope(credential)
    if key := request.query.get("AWSAccessKeyId"):
        return Signature(key, None, "s3")
    return None


def _scope(credential: str) -> Signature | None:
    # An access key may not hold a slash, the rest of the scope is date/Region/service/aws4_request.
    parts = credential.split("/")
    if len(parts) != 5:
        return Signature(parts[0])
    return Signature(parts[0], parts[2], parts[3].lower())
