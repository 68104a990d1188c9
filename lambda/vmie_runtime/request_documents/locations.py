"""Where a request says that its disk image lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
# Exactly the hosts of S3: anybody can name a load balancer s3, and an access point is no bucket.
_S3_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9._-]{1,61}[a-z0-9])\.)?"
    rf"s3(?:-(?:fips|accelerate|external-1|{_REGION}))?(?:\.dualstack)?(?:\.{_REGION})?"
    r"\.amazonaws\.com(?:\.cn)?"
)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_MAX_KEY_BYTES = 1024
_LONGEST_HOST = 254
# What readers of URLs differ on.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
_OWN_BUCKET = "s3:///"
_SIGNATURES = {"x-amz-signature", "signature"}


@dataclass(frozen=True)
class S3Location:
    """An object that a URL names.

    Attributes:
        bucket: Its bucket.
        key: Its key.
        presigned: Whether the URL carries its own authority, as a presigned https URL does.
    """

    bucket: str
    key: str
    presigned: bool


def s3_location(url: str) -> S3Location:
    """The object that a container's `Url` names: `s3://bucket/key` (any case), or a presigned https URL.

    Raises:
        ValueError: If it is of another form; the message completes a sentence and repeats no part of the URL
            that authorises.
    """
    if _AMBIGUOUS.search(url):
        raise ValueError("it has spaces, control characters or backslashes in it")
    scheme = url.partition(":")[0].casefold()
    if scheme == "s3":
        return _of_s3(url)
    if scheme == "https":
        return _of_https(url)
    raise ValueError("only s3:// and presigned https:// URLs can be read")


def own_key(url: str) -> str | None:
    """The key that `s3:///key` names in the bucket that a request was dropped in; None for other URLs.

    `ImportManifestUrl` has no other place for a bucket that goes without saying. What follows is the key as
    it is: nothing in it is encoded, or ends it.

    Raises:
        ValueError: If it is no key; the message completes a sentence.
    """
    if not url.casefold().startswith(_OWN_BUCKET):
        return None
    return _checked("own", url[len(_OWN_BUCKET) :], presigned=False).key


def _of_s3(url: str) -> S3Location:
    if url[2:5] != "://":
        raise ValueError("it must name a bucket and a key: s3://bucket/key")
    if "?" in url or "#" in url:
        raise ValueError("its key has ? or # in it, which begin another part of a URL; use UserBucket")
    bucket, _, key = url[5:].partition("/")
    return _checked(bucket, key, presigned=False)


def _of_https(url: str) -> S3Location:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("it is not a URL") from error
    match = _S3_HOST.fullmatch(host) if len(host) < _LONGEST_HOST else None
    if match is None or "@" in parts.netloc or port not in (None, 443):
        raise ValueError("its host is not an endpoint of S3 (….amazonaws.com)")
    if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
        raise ValueError("its path has . or .. in it, which some readers resolve and others do not")
    given = {name.casefold() for name in parse_qs(parts.query, keep_blank_values=True)}
    if not given & _SIGNATURES:
        raise ValueError("it is not presigned; name the object as s3://bucket/key")
    if match["bucket"]:
        return _checked(match["bucket"], unquote(parts.path[1:]), presigned=True)
    bucket, _, key = parts.path[1:].partition("/")
    return _checked(unquote(bucket), unquote(key), presigned=True)


def _checked(bucket: str, key: str, *, presigned: bool) -> S3Location:
    if not _BUCKET.fullmatch(bucket) or not key:
        raise ValueError("it must name a bucket and a key: s3://bucket/key")
    if len(key.encode("utf-8", "replace")) > _MAX_KEY_BYTES:
        raise ValueError("its key is longer than the 1,024 bytes that S3 takes")
    return S3Location(bucket, key, presigned)
