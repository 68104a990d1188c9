"""Uploading the disk image as the AWS CLI would: in parts, streamed from disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig

from vmie_local.demo.disk_file import DiskFile

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_PART_BYTES = 32 << 20


def upload(cloud: LocalAws, disk: DiskFile, bucket: str, show: Callable[[int], None]) -> None:
    """Put an image into the import bucket.

    Args:
        cloud: The local AWS.
        disk: The image.
        bucket: The import bucket.
        show: Called with the number of bytes of each piece that was sent.
    """
    config = TransferConfig(
        multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=2
    )
    cloud.client("s3").upload_file(str(disk.path), bucket, disk.key, Config=config, Callback=show)
