"""Decoding with `qemu-img`, run as a process with limits."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from vmie_local.disk_images.detection import DiskImage
from vmie_local.disk_images.errors import (
    CorruptStreamError,
    DecodingCancelledError,
    DiskTooLargeError,
    FootersDifferError,
    UnsupportedFormatError,
)

_DRIVERS = {"VMDK": "vmdk", "VHD": "vpc", "VHDX": "vhdx", "RAW": "raw"}
_DAMAGE = {"VMDK": CorruptStreamError, "VHD": FootersDifferError}
_ADDRESS_SPACE = 4 << 30
_POLL_SECONDS = 0.05
_DISK_CHECK_SECONDS = 1.0


class QemuImg:
    """The `qemu-img` of this machine."""

    def __init__(self, executable: str, *, timeout_seconds: float = 3600.0, keep_free: int = 1 << 30) -> None:
        """Use one executable.

        Args:
            executable: Its path.
            timeout_seconds: Wall-clock seconds after which a conversion is ended.
            keep_free: Bytes of the target's filesystem that a conversion leaves free.
        """
        self._executable, self._timeout, self._keep_free = executable, timeout_seconds, keep_free

    @classmethod
    def find(cls) -> QemuImg | None:
        """The `qemu-img` on PATH, or None."""
        executable = shutil.which("qemu-img")
        return cls(executable) if executable else None

    def decode(self, image: DiskImage, target: Path, cancelled: threading.Event) -> None:
        """Write an image as a sparse raw file.

        Args:
            image: An image whose magic has been checked; qemu-img is told its format and guesses nothing.
            target: The file to write.
            cancelled: Ends the process when set.

        Raises:
            DiskImageError: The subclass that fits the format, if the image is damaged.
            DecodingCancelledError: If it was cancelled.
        """
        command = [self._executable, "convert", "-O", "raw", source_of(image), str(target)]
        with (target.parent / f"{target.name}.errors").open("w+b") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                self._watch(process, image, target, cancelled)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                Path(errors.name).unlink()
            if process.returncode:
                errors.seek(0)
                said = errors.read(2000).decode(errors="replace").strip()
                raise _DAMAGE.get(image.format, UnsupportedFormatError)(f"{image.region.name}: {said}")

    def _watch(
        self, process: subprocess.Popen[bytes], image: DiskImage, target: Path, cancelled: threading.Event
    ) -> None:
        _limit(process.pid, image.virtual_size)
        deadline = time.monotonic() + self._timeout
        next_disk_check = time.monotonic() + _DISK_CHECK_SECONDS
        while True:
            try:
                process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            else:
                return
            if cancelled.is_set():
                raise DecodingCancelledError
            now = time.monotonic()
            if now > deadline:
                raise DiskTooLargeError(f"{image.region.name} was not decoded in {self._timeout:.0f} seconds")
            if now > next_disk_check:
                next_disk_check = now + _DISK_CHECK_SECONDS
                if shutil.disk_usage(target.parent).free < self._keep_free:
                    raise DiskTooLargeError(f"{image.region.name} does not fit on this machine's disk")


def source_of(image: DiskImage) -> str:
    """qemu's description of an image: format named, no backing file, no locks, only the region's bytes."""
    file: dict[str, object] = {"driver": "file", "filename": str(image.region.path), "locking": "off"}
    if image.region.offset or image.region.size != image.region.path.stat().st_size:
        file = {"driver": "raw", "file": file, "offset": image.region.offset, "size": image.region.size}
    node: dict[str, object] = {"driver": _DRIVERS[image.format], "file": file}
    if image.format == "VMDK":
        node["backing"] = None  # a parent that the descriptor names is never opened
    if image.format == "VHD":
        node["force_size_calc"] = "current_size"  # not the geometry, which rounds
    return "json:" + json.dumps(node)


def _limit(pid: int, file_size: int) -> None:
    """Bound memory and output of a process; Linux only, elsewhere time and disk alone are watched."""
    if sys.platform != "linux":
        return
    import resource

    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (file_size + (1 << 20), file_size + (1 << 20)))
    except ProcessLookupError:
        return  # it has already ended
