"""The import manifest of ImportInstance and ImportVolume, made for one object in S3.

The format is "VM Import Manifest" of the EC2 API reference
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/manifest.html), which has no XML namespace.

The manifest tells the service where an image's bytes are and what to delete at the end, by presigned URLs:
whoever has the manifest, or its URL, may read the image. None of them is logged, kept in a state or put into
a result; `repr` does not show them.

The image is one part: the whole object, read by one presigned GET. Parts are objects of their own. The tools
that Amazon once shipped uploaded images in parts of 10 MiB to resume broken uploads, but no limit of a part's
size is documented, and tools that import a single part of many GiB have long been in use (Cloud Foundry's
light stemcell builder, Oxide's aws-import). Parts of 10 MiB would copy the image piece by piece, for nothing:
the service reads it in the same Region.

When it is done the service deletes what the delete URLs name. Here they name scratch keys, never the image.
In a versioned bucket the manifest stays as a noncurrent version: its URLs end by themselves, and a lifecycle
rule for the scratch prefix has to take the version away.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import quote

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from types_boto3_s3 import S3Client

DiskFormat = Literal["VMDK", "RAW", "VHD"]
"""What ImportInstance and ImportVolume take (EC2 API reference, `DiskImageFormat`)."""

LONGEST_SIGNATURE = timedelta(days=7)
"""How long a URL of Signature Version 4 can be valid (Amazon S3 API reference)."""

SHORTEST_SESSION = timedelta(hours=1)
"""What is assumed of a session whose end is unknown: the least that a role's maximum session can be set to
(IAM user guide). A Lambda function's is such a one: its environment does not tell the end, which need not be
what the role sets (AWS re:Post, "Why is my presigned URL ... expiring"). It often lasts longer; a session by
`sts:AssumeRole` has an end that is known, and lasts an hour at most where a role's session asks for it."""

_FORMAT_VERSION = "2010-11-15"
_IMPORTER = "vmie-constructs"
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class DiskObject:
    """A disk image in S3.

    Attributes:
        bucket: Its bucket.
        key: Its key.
        size: Its size in bytes, as stored.
        format: `VMDK` (stream-optimized), `RAW` or `VHD`.
        version_id: Reads this version whatever is uploaded later; whoever signs needs `s3:GetObjectVersion`.
            Default: the current object, for which `s3:GetObject` is enough.
    """

    bucket: str
    key: str
    size: int
    format: DiskFormat
    version_id: str | None = None


@dataclass(frozen=True)
class Scratch:
    """Where the manifest lies, and what the service may delete.

    Attributes:
        bucket: A bucket of ours.
        prefix: Of every scratch key of this task, such as `scratch/<request id>/1/`; nothing below it starts
            anything or is worth keeping.
    """

    bucket: str
    prefix: str

    @property
    def manifest_key(self) -> str:
        """The key of the manifest."""
        return f"{self.prefix}manifest.xml"

    @property
    def part_key(self) -> str:
        """What the service deletes in place of the image. No object is ever written here."""
        return f"{self.prefix}part-0"


@dataclass(frozen=True)
class ImportManifest:
    """The manifest of one disk.

    Attributes:
        scratch: Where it goes.
        valid_until: When its URLs end. A task whose deadline is later must not be started with it.
        xml: The document, which lets its reader read the image.
    """

    scratch: Scratch
    valid_until: datetime
    xml: bytes = field(repr=False)

    @classmethod
    def for_object(
        cls,
        s3: S3Client,
        disk: DiskObject,
        *,
        volume_gib: int,
        scratch: Scratch,
        now: datetime,
        valid_until: datetime,
    ) -> ImportManifest:
        """Make the manifest; nothing is written, nobody is asked.

        Args:
            s3: Signs the URLs; see `signing_client`.
            disk: The image.
            volume_gib: The size of the volume in GiB, at least that of the disk as the guest sees it.
            scratch: Where the manifest goes. The image must not lie there.
            now: The time.
            valid_until: Until when the URLs are valid; `latest_expiry` tells how late that can be.

        Raises:
            ValueError: If no manifest can be made of these, or it would let the service delete the image.
        """
        _check(disk, volume_gib, scratch)
        sign = _Signer(s3, _seconds(now, valid_until))
        source = {"Bucket": disk.bucket, "Key": disk.key}
        if disk.version_id:
            source["VersionId"] = disk.version_id
        manifest = ElementTree.Element("manifest")
        _add(manifest, "version", _FORMAT_VERSION)
        _add(manifest, "file-format", disk.format)
        importer = _add(manifest, "importer")
        _add(importer, "name", _IMPORTER)
        _add(importer, "version", "1.0.0")
        _add(importer, "release", _FORMAT_VERSION)
        _add(
            manifest,
            "self-destruct-url",
            sign.delete({"Bucket": scratch.bucket, "Key": scratch.manifest_key}),
        )
        image = _add(manifest, "import")
        _add(image, "size", str(disk.size))
        _add(image, "volume-size", str(volume_gib))
        part = _add(_add(image, "parts", count="1"), "part", index="0")
        _add(part, "byte-range", start="0", end=str(disk.size - 1))
        _add(part, "key", _xml_text(disk.key))
        _add(part, "head-url", sign.head(source))
        _add(part, "get-url", sign.get(source))
        _add(part, "delete-url", sign.delete({"Bucket": scratch.bucket, "Key": scratch.part_key}))
        xml: bytes = ElementTree.tostring(manifest, encoding="UTF-8", xml_declaration=True)
        return cls(scratch, valid_until, xml)

    def write(self, s3: S3Client, *, now: datetime) -> str:
        """Put the manifest at its scratch key.

        Args:
            s3: Writes and signs.
            now: The time.

        Returns:
            Its presigned URL, valid as long as those in it: the request's `ImportManifestUrl`. Never keep it.
        """
        place = {"Bucket": self.scratch.bucket, "Key": self.scratch.manifest_key}
        s3.put_object(
            Bucket=self.scratch.bucket,
            Key=self.scratch.manifest_key,
            Body=self.xml,
            ContentType="application/xml",
        )
        return _Signer(s3, _seconds(now, self.valid_until)).get(place)


def remove(s3: S3Client, scratch: Scratch) -> None:
    """Remove a task's manifest, at whatever end: the service removes it after a success only."""
    s3.delete_object(Bucket=scratch.bucket, Key=scratch.manifest_key)


def latest_expiry(
    credentials: Credentials | None, *, now: datetime, unknown_session: timedelta = SHORTEST_SESSION
) -> datetime:
    """Until when URLs signed now can be valid, however late they are asked to end.

    A presigned URL ends with the session of whoever signed it.

    Args:
        credentials: Of whoever signs, such as `boto3.Session().get_credentials()`.
        now: The time.
        unknown_session: What to assume of a session whose end nothing tells.
    """
    latest = now + LONGEST_SIGNATURE
    # botocore knows the end of sessions that it refreshes itself, and has no public name for it.
    ends_at: datetime | None = getattr(credentials, "_expiry_time", None)
    if ends_at is not None:
        return min(latest, ends_at)
    if credentials is not None and credentials.token is None:
        return latest
    return min(latest, now + unknown_session)


@cache
def signing_client() -> S3Client:
    """A client whose URLs have Signature Version 4.

    boto3 presigns with Version 2 in the older Regions unless told, and S3 gives no object that KMS
    encrypts for such a URL.
    """
    return boto3.client("s3", config=Config(signature_version="s3v4"))


@dataclass(frozen=True)
class _Signer:
    """Presigns for so many seconds."""

    s3: S3Client
    seconds: int

    def get(self, place: dict[str, str]) -> str:
        return self._sign("get_object", place)

    def head(self, place: dict[str, str]) -> str:
        return self._sign("head_object", place)

    def delete(self, place: dict[str, str]) -> str:
        return self._sign("delete_object", place)

    def _sign(self, operation: str, place: dict[str, Any]) -> str:
        url = self.s3.generate_presigned_url(operation, Params=place, ExpiresIn=self.seconds)
        if "X-Amz-Signature=" not in url:
            raise ValueError(
                "The client signs with Signature Version 2, which reads no object that KMS encrypts. "
                "Use import_manifest.signing_client()."
            )
        return url


def _check(disk: DiskObject, volume_gib: int, scratch: Scratch) -> None:
    if disk.format not in get_args(DiskFormat):
        raise ValueError(f"A manifest holds {', '.join(get_args(DiskFormat))}, not {disk.format!r}.")
    if disk.size < 1:
        raise ValueError(f"{disk.key!r} is empty; there is nothing to import.")
    if volume_gib < 1:
        raise ValueError(f"A volume has 1 GiB or more, not {volume_gib}.")
    if not scratch.prefix.endswith("/"):
        raise ValueError(f"The scratch prefix {scratch.prefix!r} must end in '/'.")
    if disk.bucket == scratch.bucket and disk.key.startswith(scratch.prefix):
        raise ValueError(
            f"{disk.key!r} lies below the scratch prefix {scratch.prefix!r}, where the service deletes."
        )


def _seconds(now: datetime, valid_until: datetime) -> int:
    left = valid_until - now
    if not timedelta(seconds=1) <= left <= LONGEST_SIGNATURE:
        raise ValueError(f"A presigned URL is valid for a second to seven days, not for {left}.")
    return int(left.total_seconds())


def _add(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = text
    return element


def _xml_text(key: str) -> str:
    """A key as XML can hold it: percent-encoded if it has characters that XML 1.0 has no form for."""
    return quote(key) if _NOT_IN_XML.search(key) else key
