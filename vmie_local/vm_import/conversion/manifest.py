"""The import manifest, read ("VM Import Manifest" of the EC2 API reference)."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from itertools import pairwise

LARGEST = 64 << 20
"""Bytes of a manifest that are read."""
FORMATS = ("VMDK", "RAW", "VHD")


class ManifestError(Exception):
    """A document that is no import manifest; the text says why."""


@dataclass(frozen=True)
class Part:
    """A piece of the image, an object of its own.

    Attributes:
        start: Where it begins in the image.
        length: Its bytes.
        head_url: Tells whether it has been uploaded.
        get_url: Reads it.
        delete_url: Deletes it.
    """

    start: int
    length: int
    head_url: str
    get_url: str
    delete_url: str


@dataclass(frozen=True)
class Manifest:
    """What a manifest says.

    Attributes:
        format: `VMDK`, `RAW` or `VHD`.
        size: Bytes of the image.
        volume_size: GiB of the volume.
        parts: In order, without a gap.
        self_destruct_url: Deletes the manifest.
    """

    format: str
    size: int
    volume_size: int
    parts: tuple[Part, ...]
    self_destruct_url: str

    @property
    def urls(self) -> list[str]:
        """Every URL in it."""
        of_parts = [url for part in self.parts for url in (part.head_url, part.get_url, part.delete_url)]
        return [self.self_destruct_url, *of_parts]


def parse(document: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: If it is none.
    """
    root = _root(document)
    if root.tag != "manifest":
        raise ManifestError(f"the root element is {root.tag}")
    image = _child(root, "import")
    manifest = Manifest(
        format=_text(root, "file-format").upper(),
        size=_number(_text(image, "size"), "size"),
        volume_size=_number(_text(image, "volume-size"), "volume-size"),
        parts=_parts(_child(image, "parts")),
        self_destruct_url=_text(root, "self-destruct-url"),
    )
    if manifest.format not in FORMATS:
        raise ManifestError(f"file-format is {manifest.format}")
    end = sum(part.length for part in manifest.parts)
    # Some tools count the last byte of the last part as AWS's sample does, some one further; AWS takes both.
    if end not in (manifest.size, manifest.size + 1):
        raise ManifestError(f"the parts have {end} bytes, size is {manifest.size}")
    return manifest


def _root(document: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document or b"\0" in document:
        # No entity is ever expanded, so the standard library's parser is safe here.
        raise ManifestError("it has a document type definition or is not UTF-8")
    try:
        return ElementTree.fromstring(document)  # noqa: S314 - see above
    except ElementTree.ParseError as error:
        raise ManifestError("it is no XML") from error


def _parts(element: ElementTree.Element) -> tuple[Part, ...]:
    children = element.findall("part")
    if not children or element.get("count") != str(len(children)):
        raise ManifestError(f"parts has {len(children)} parts, its count is {element.get('count')}")
    by_index = {_number(child.get("index"), "index"): child for child in children}
    if sorted(by_index) != list(range(len(children))):
        raise ManifestError("the indexes of the parts are not 0, 1, 2, …")
    parts = tuple(_part(by_index[index]) for index in range(len(children)))
    if parts[0].start != 0 or any(one.start + one.length != other.start for one, other in pairwise(parts)):
        raise ManifestError("the byte ranges of the parts leave a gap or overlap")
    return parts


def _part(element: ElementTree.Element) -> Part:
    span = _child(element, "byte-range")
    start, end = (_number(span.get(name), f"byte-range {name}") for name in ("start", "end"))
    if end < start:
        raise ManifestError("a byte range ends before it starts")
    urls = (_text(element, name) for name in ("head-url", "get-url", "delete-url"))
    return Part(start, end - start + 1, *urls)


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element:
    child = element.find(name)
    if child is None:
        raise ManifestError(f"{element.tag} has no {name}")
    return child


def _text(element: ElementTree.Element, name: str) -> str:
    text = (_child(element, name).text or "").strip()
    if not text:
        raise ManifestError(f"{name} is empty")
    return text


def _number(text: str | None, name: str) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ManifestError(f"{name} is {text!r}, not a number of bytes")
    return int(text)
