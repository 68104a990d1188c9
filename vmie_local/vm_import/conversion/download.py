"""The image that a manifest names, read by presigned URLs as the service reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vmie_local.vm_import import status_messages
from vmie_local.vm_import.conversion import manifest as manifests
from vmie_local.vm_import.conversion.manifest import Manifest, ManifestError
from vmie_local.vm_import.conversion.ports import ForeignUrlError, PresignedUrls
from vmie_local.vm_import.ports import FetchRefusedError
from vmie_local.vm_import.task import TaskFailedError

_NOT_THERE = 404


@dataclass(frozen=True)
class Download:
    """An image that was read.

    Attributes:
        manifest: What named it.
        image: The file it is in.
    """

    manifest: Manifest
    image: Path


def fetch(
    urls: PresignedUrls,
    manifest_url: str,
    scratch: Path,
    cancelled: threading.Event,
    on_bytes: Callable[[int], None],
) -> Download | None:
    """Read a manifest and then the image, if all of it has been uploaded.

    The EC2 CLI began the task first, then uploaded manifest and parts: what is not there yet is waited for.

    Args:
        urls: S3.
        manifest_url: Reads the manifest.
        scratch: A folder for the image.
        cancelled: Ends the download when set.
        on_bytes: Told the size of each piece.

    Returns:
        The image, or None if the manifest or a part is not there yet.

    Raises:
        TaskFailedError: If S3 refuses, or the manifest is none.
    """
    try:
        manifest = _read_manifest(urls, manifest_url)
        if manifest is None or not all(urls.exists(part.head_url) for part in manifest.parts):
            return None
        scratch.mkdir(parents=True, exist_ok=True)
        image = scratch / "image"
        image.unlink(missing_ok=True)
        return Download(manifest, _join(urls, manifest, image, cancelled, on_bytes))
    except FetchRefusedError as error:
        raise TaskFailedError(status_messages.of_fetch_status(error.http_status)) from error
    except ManifestError as error:
        raise TaskFailedError(status_messages.bad_manifest(str(error))) from error
    except ForeignUrlError as error:
        raise TaskFailedError(status_messages.bad_manifest("a URL in it leads elsewhere")) from error


def clean_up(urls: PresignedUrls, manifest: Manifest) -> None:
    """Delete what the manifest says is to be deleted; what cannot be deleted stays."""
    for url in (*(part.delete_url for part in manifest.parts), manifest.self_destruct_url):
        try:
            urls.delete(url)
        except FetchRefusedError:
            continue


def _read_manifest(urls: PresignedUrls, url: str) -> Manifest | None:
    try:
        document = urls.read(url, manifests.LARGEST + 1)
    except FetchRefusedError as error:
        if error.http_status == _NOT_THERE:
            return None
        raise
    if len(document) > manifests.LARGEST:
        raise ManifestError(f"it has more than {manifests.LARGEST} bytes")
    manifest = manifests.parse(document)
    if not all(urls.leads_here(each) for each in manifest.urls):
        raise ForeignUrlError
    return manifest


def _join(
    urls: PresignedUrls,
    manifest: Manifest,
    image: Path,
    cancelled: threading.Event,
    on_bytes: Callable[[int], None],
) -> Path:
    for part in manifest.parts:
        length = urls.download(part.get_url, image, cancelled, on_bytes)
        if length != min(part.length, manifest.size - part.start):
            raise ManifestError(f"the part at byte {part.start} has {length} bytes, not {part.length}")
    return image
