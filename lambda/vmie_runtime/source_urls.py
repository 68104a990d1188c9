"""Where a URL says that a disk image lies: an object of S3, the same one for whoever reads it.

The one reader of such URLs: what a request is checked for and what is read for it cannot differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

# Names of today, and the longer ones with capitals and underscores that us-east-1 once gave out.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d"
# Amazon S3 User Guide: regional, dual-stack, FIPS, accelerated and the older dashed endpoints. Exactly these:
# anybody can name a load balancer s3, and an access point is no bucket.
_S3_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.)?"
    rf"s3(?:-(?:fips|accelerate|external-1|{_REGION}))?(?:\.dualstack)?(?:\.{_REGION})?"
    r"\.amazonaws\.(?:com|com\.cn|eu)"
)
_LONGEST_HOST = 254
_MAX_KEY_BYTES = 1024
_OWN_BUCKET = "s3:///"
_SIGNATURES = {"x-amz-signature", "signature"}
# The host goes too: of `me:pass?word@host` and `host?me@word`, nobody can tell which part is the secret.
_CREDENTIALS = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]*)[^/\\]*@[^/\\]*")
_SECRET = re.compile(r"[?#]|X-Amz-|Signature=", re.IGNORECASE)
_LONGEST_SHOWN = 300


@dataclass(frozen=True)
class SourceLocation:
    """An object that a URL names.

    Attributes:
        bucket: Its bucket; None where it is the one that the request was dropped in.
        key: Its key; of an https URL, percent-decoded.
        presigned: Whether the URL carries its own authority, as a presigned https URL does.
    """

    bucket: str | None
    key: str
    presigned: bool = False


def read_source_url(url: str) -> SourceLocation:
    """Read `s3://bucket/key`, `s3:///key` or a presigned https URL of S3; schemes and hosts in any case.

    `s3:///key` is an object of the bucket that the request was dropped in: `ImportManifestUrl` has no other
    place for a bucket that goes without saying. What follows is the key as it is: nothing in it is encoded,
    or ends it, as nobody but this reads it. Of the others, what readers may differ on is refused.

    Raises:
        ValueError: If it names no object of S3 for certain; the message completes a sentence and repeats no
            part of the URL.
    """
    if url[: len(_OWN_BUCKET)].lower() == _OWN_BUCKET:
        return SourceLocation(None, _key(url[len(_OWN_BUCKET) :]))
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("it has spaces, control characters or backslashes in it")
    # Not casefold: to that a long s is an s.
    scheme = url.partition(":")[0].lower()
    if scheme == "s3":
        return _of_s3(url)
    if scheme == "https":
        return _of_https(url)
    raise ValueError("only s3:// and presigned https:// URLs can be read")


def without_secrets(url: str) -> str:
    """A source's URL as messages and logs may show it, whether it can be read or not.

    Scheme, host and path: neither query nor fragment, which authorise, nor a host with credentials before it.
    """
    plain = _SECRET.split(_CREDENTIALS.sub(r"\1…", url), maxsplit=1)[0]
    return "".join(character if character.isprintable() else "?" for character in plain)[:_LONGEST_SHOWN]


def _of_s3(url: str) -> SourceLocation:
    if url[2:5] != "://":
        raise ValueError("it must name a bucket and a key: s3://bucket/key")
    if "?" in url or "#" in url:
        raise ValueError("its key has ? or # in it, which begin another part of a URL; use UserBucket")
    bucket, _, key = url[5:].partition("/")
    return SourceLocation(_bucket(bucket), _key(key))


def _of_https(url: str) -> SourceLocation:
    if not url.isascii():
        raise ValueError("it has letters in it that are not ASCII and must be percent-encoded")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("it is not a URL") from error
    if "@" in parts.netloc:
        raise ValueError("it has credentials before the host")
    match = _S3_HOST.fullmatch(host) if len(host) < _LONGEST_HOST else None
    if match is None or port not in (None, 443):
        raise ValueError("its host is not an endpoint of S3 (….amazonaws.com)")
    if any(segment in (".", "..") for segment in unquote(parts.path).split("/")):
        raise ValueError("its path has . or .. in it, which some readers resolve and others do not")
    given = {name.casefold() for name in parse_qs(parts.query, keep_blank_values=True)}
    if not given & _SIGNATURES:
        raise ValueError("it is not presigned; name the object as s3://bucket/key")
    if "versionid" in given:
        raise ValueError("it names a version, and EC2 reads the current object; leave versionId out")
    bucket, path = match["bucket"], parts.path[1:]
    if not bucket:
        bucket, _, path = path.partition("/")
    return SourceLocation(_bucket(unquote(bucket)), _key(unquote(path)), presigned=True)


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError("it must name a bucket and a key: s3://bucket/key")
    return name


def _key(key: str) -> str:
    if not key:
        raise ValueError("it must name a bucket and a key: s3://bucket/key")
    if len(key.encode("utf-8", "replace")) > _MAX_KEY_BYTES:
        raise ValueError("its key is longer than the 1,024 bytes that S3 takes")
    return key
