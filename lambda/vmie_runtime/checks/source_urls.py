"""Where a source's URL leads: to an object of S3, or to another host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from vmie_runtime.errors import RequestRejected

# Names of today, and the longer ones with capitals and underscores that us-east-1 once gave out.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
# Amazon S3 User Guide: regional, dual-stack, FIPS, accelerated and the older dashed endpoints.
_ENDPOINT = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:-fips|-accelerate)?(?:\.dualstack)?(?:[.-][a-z]{2,4}(?:-[a-z]+)+-\d+)?"
    r"\.amazonaws\.(?:com|com\.cn|eu)"
)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")

OWN_BUCKET = ""
"""The bucket of `s3:///key`: the one that the request was dropped in."""


@dataclass(frozen=True, kw_only=True)
class SourceLocation:
    """Where a source is.

    Attributes:
        bucket: Its bucket, or `OWN_BUCKET`; None where it is not in S3.
        key: Its key, percent-decoded; None where it is not in S3.
        host: Its host, with the port where it is not 443; None where it is in S3.
        shown: The URL as messages and logs may show it: a presigned URL's query is a credential.
    """

    bucket: str | None = None
    key: str | None = None
    host: str | None = None
    shown: str


def read_source_url(url: str) -> SourceLocation:
    """Read an `s3://` or `https://` URL as strictly as a check must: what readers may differ on is refused.

    An https URL of S3, virtual-hosted or path-style, is an object of its bucket.

    Raises:
        RequestRejected: If it leads nowhere that can be told for certain.
    """
    shown = _without_secrets(url)
    if not url.isprintable() or " " in url:
        raise _refused(shown, "it has spaces or control characters")
    if url[:5].lower() == "s3://":
        # What follows the bucket is the key as it is: nothing in it is encoded, or ends it.
        bucket, _, key = url[5:].partition("/")
        if bucket == OWN_BUCKET and key:
            return SourceLocation(bucket=OWN_BUCKET, key=key, shown=shown)
        return _object(bucket, key, shown)
    if not url.isascii() or "\\" in url:
        raise _refused(shown, "it has backslashes, or letters that are not ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(shown, "it cannot be parsed") from error
    if "@" in parts.netloc:
        raise _refused(shown, "it has credentials before the host")
    if parts.scheme.lower() != "https":
        raise _refused(shown, "it begins neither with s3:// nor with https://")
    host = (parts.hostname or "").removesuffix(".")
    if not _HOST.fullmatch(host):
        raise _refused(shown, "its host is no host name")
    if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
        raise _refused(shown, "its path has `.` or `..` in it, which some readers resolve and others do not")
    endpoint = _ENDPOINT.fullmatch(host)
    if endpoint is None or port not in (None, 443):
        return SourceLocation(host=host if port in (None, 443) else f"{host}:{port}", shown=shown)
    if endpoint["bucket"]:
        return _object(endpoint["bucket"], unquote(parts.path[1:]), shown)
    bucket, _, key = parts.path[1:].partition("/")
    return _object(unquote(bucket), unquote(key), shown)


def _object(bucket: str, key: str, shown: str) -> SourceLocation:
    if not _BUCKET.fullmatch(bucket) or not key:
        raise _refused(shown, "it names no bucket and key")
    return SourceLocation(bucket=bucket, key=key, shown=shown)


def _without_secrets(url: str) -> str:
    """Scheme, host and path: neither query nor fragment nor credentials."""
    base = re.split(r"[?#]", url, maxsplit=1)[0]
    scheme, separator, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    plain = f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}" if separator else base
    return "".join(character if character.isprintable() else "?" for character in plain)[:300]


def _refused(shown: str, reason: str) -> RequestRejected:
    return RequestRejected(
        "InvalidSourceUrl", f"{shown!r} is no source that can be read for certain: {reason}.", reason=reason
    )
