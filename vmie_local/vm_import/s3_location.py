"""Where in S3 a disk lies: by bucket and key, or by URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from vmie_local.vm_import import request_errors

_VIRTUAL_HOST = re.compile(r"(.+)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_PATH_HOST = re.compile(r"s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_LOCAL_HOSTS = ("127.0.0.1", "localhost")


def of_container(given: Mapping[str, Any]) -> tuple[str, str] | None:
    """Bucket and key of a disk container, or None if it names no object.

    Raises:
        ApiError: If it names one wrongly.
    """
    if location := given.get("UserBucket"):
        bucket, key = location.get("S3Bucket"), location.get("S3Key")
        if not bucket or not key:
            raise request_errors.bad_source()
        return bucket, key
    return of_url(given["Url"]) if given.get("Url") else None


def of_url(url: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` or `https://` address of an object.

    A presigned URL counts as the address of its object: the service shows bucket and key of whatever URL it
    is given, and reads the object with its role. Nothing but S3, here or in AWS, is taken for an address.

    Raises:
        ApiError: If the address is none.
    """
    parts = urlsplit(url)
    path = unquote(parts.path.lstrip("/"))
    bucket, key = parts.netloc, path
    if parts.scheme.lower() in ("http", "https"):
        host = (parts.hostname or "").lower()
        if virtual := _VIRTUAL_HOST.fullmatch(host):
            bucket = virtual[1]
        elif _PATH_HOST.fullmatch(host) or host in _LOCAL_HOSTS:
            bucket, _, key = path.partition("/")
        else:
            raise request_errors.bad_source()
    elif parts.scheme.lower() != "s3":
        raise request_errors.bad_source()
    if not bucket or not key:
        raise request_errors.bad_source()
    return bucket, key
