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
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import quote

from vmie_runtime.presigned_urls import UrlSigner

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

DiskFormat = Literal["VMDK", "RAW", "VHD"]
"""What ImportInstance and ImportVolume take (EC2 API reference, `DiskImageFormat`)."""

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
        signing: S3Client,
        disk: DiskObject,
        *,
        volume_gib: int,
        scratch: Scratch,
        now: datetime,
        valid_until: datetime,
    ) -> ImportManifest:
        """Make the manifest; nothing is written, nobody is asked.

        Args:
            signing: Signs the URLs; see `presigned_urls.signing_client`.
            disk: The image.
            volume_gib: The size of the volume in GiB, at least that of the disk as the guest sees it.
            scratch: Where the manifest goes. The image must not lie there.
            now: The time.
            valid_until: When the URLs end; not after the session that signs them.

        Raises:
            ValueError: If no manifest can be made of these, or it would let the service delete the image.
        """
        _check(disk, volume_gib, scratch)
        sign = UrlSigner.until(signing, valid_until, now=now)
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

    def write(self, s3: S3Client, signing: S3Client, *, now: datetime) -> str:
        """Put the manifest at its scratch key.

        Args:
            s3: Writes it.
            signing: Signs its URL.
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
        return UrlSigner.until(signing, self.valid_until, now=now).get(place)


def remove(s3: S3Client, scratch: Scratch) -> None:
    """Remove a task's manifest, at whatever end: the service removes it after a success only."""
    s3.delete_object(Bucket=scratch.bucket, Key=scratch.manifest_key)


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


def _add(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = text
    return element


def _xml_text(key: str) -> str:
    """A key as XML can hold it: percent-encoded if it has characters that XML 1.0 has no form for."""
    return quote(key) if _NOT_IN_XML.search(key) else key
