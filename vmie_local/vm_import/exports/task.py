"""The life of every export: the bucket is tried, the disk written as a file, the file stored as an object."""

from __future__ import annotations

import shutil
import threading
from abc import abstractmethod
from pathlib import Path
from typing import Any

from vmie_local.disk_images.encoding import write_volume
from vmie_local.disk_images.errors import DiskImageError
from vmie_local.place import Place
from vmie_local.vm_import.exports.ports import Disk, StoreRefusedError, Upload
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.phases import GIB, Phase
from vmie_local.vm_import.service_role import WRITE_PROBE
from vmie_local.vm_import.task import Task, TaskFailedError, TaskFault, Work

CONVERSION_FAILED = "ServerError: an internal error has occurred during conversion."


class ExportTask(Task):
    """An export on its way to an object of S3.

    The object appears when the task completes and not before: a cancelled or failed export leaves none.

    Attributes:
        place: Account and Region.
        bucket: Where the file goes.
        key: Under which name.
        disk: What is exported.
        format: `VMDK`, `VHD` or `RAW`.
    """

    def __init__(
        self,
        task_id: str,
        phases: tuple[Phase, ...],
        place: Place,
        around: ExportSurroundings,
        *,
        bucket: str,
        key: str,
        disk: Disk,
        disk_format: str,
        role_arn: str | None,
        fault: TaskFault | None,
    ) -> None:
        super().__init__(task_id, phases, around.common.clock.now(), fault)
        self.place, self.bucket, self.key, self.disk, self.format = place, bucket, key, disk, disk_format
        self._around, self._role_arn = around, role_arn
        self._scratch = around.common.scratch / task_id
        self._upload: Upload | None = None

    def image_bytes(self) -> float:
        """The size of the disk."""
        return float(self.disk.size * GIB)

    def work_of(self, phase: Phase) -> Work | None:
        """Trying the bucket while validating, writing and sending the file while converting."""
        return {"validating": self._try_bucket, "converting": self._convert}.get(phase.message)

    def collect(self, phase: Phase, result: Any) -> None:
        """Nothing is shown before the end."""

    def complete(self) -> None:
        """Make the object."""
        if self._upload is None:
            raise TaskFailedError(CONVERSION_FAILED)
        try:
            self._upload.finish()
        except StoreRefusedError as error:
            raise TaskFailedError(_refused(self.bucket, error)) from error
        shutil.rmtree(self._scratch, ignore_errors=True)

    def undo(self) -> None:
        """Forget what was sent and what was written."""
        if self._upload is not None:
            self._upload.discard()
        shutil.rmtree(self._scratch, ignore_errors=True)

    @abstractmethod
    def write_file(self, image: Path, folder: Path) -> Path:
        """The file to store, made of the disk's image; the image itself where nothing comes around it."""

    def _try_bucket(self, _: threading.Event) -> None:
        controls = self._around.buckets.controls(self.bucket)
        if controls is not None and controls.encryption.startswith("aws:kms"):
            raise TaskFailedError(_encrypted(self.bucket))
        try:
            self._around.buckets.write_probe(self.place, self._role_arn, self.bucket, WRITE_PROBE)
        except StoreRefusedError as error:
            raise TaskFailedError(_refused(self.bucket, error)) from error

    def _convert(self, cancelled: threading.Event) -> None:
        self._scratch.mkdir(parents=True, exist_ok=True)
        try:
            file = self.write_file(self._write_image(cancelled), self._scratch)
            if not cancelled.is_set():
                self._upload = self._around.buckets.upload(
                    self.place, self._role_arn, self.bucket, self.key, file
                )
        except StoreRefusedError as error:
            raise TaskFailedError(_refused(self.bucket, error)) from error
        except DiskImageError as error:
            raise TaskFailedError(f"{CONVERSION_FAILED} [{error}]") from error

    def _write_image(self, cancelled: threading.Event) -> Path:
        raw, image = self._scratch / "disk.raw", self._scratch / "disk.image"
        write_volume(self._around.machines.blocks(self.place, self.disk), self.disk.size, raw, cancelled)
        if self.format == "RAW" or self._around.encoder is None:
            return raw
        self._around.encoder.encode(raw, image, self.format, cancelled)
        raw.unlink()
        return image


def _encrypted(bucket: str) -> str:
    """A bucket that encrypts by KMS, which the user guide excludes; the text is ours."""
    return f"ClientError: The S3 bucket {bucket} is encrypted with SSE-KMS, which is not supported."


def _refused(bucket: str, error: StoreRefusedError) -> str:
    """A bucket that takes no object; the text is ours, after what an import says of its source."""
    reason = f"{error.http_status} {error.code}"
    return f"ClientError: We do not have access to the given resource {bucket}. Reason {reason}"
