"""Decoding and encoding with `qemu-img`, run as a process with limits."""

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
    EncodingFailedError,
    FootersDifferError,
    UnsupportedFormatError,
)

_DRIVERS = {"VMDK": "vmdk", "VHD": "vpc", "VHDX": "vhdx", "RAW": "raw"}
_ENCODINGS = {
    "VMDK": ("vmdk", "-o", "subformat=streamOptimized"),
    "VHD": ("vpc", "-o", "subformat=fixed,force_size=on"),
}
"""What exports are written as. A VHD of ExportImage has the disk's full size, so it is a fixed one."""
_DAMAGE = {"VMDK": CorruptStreamError, "VHD": FootersDifferError}
_ADDRESS_SPACE = 4 << 30
_MIB = 1 << 20
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
        command = ["convert", "-O", "raw", source_of(image), str(target)]
        said = self._run(command, image.region.name, target, _room_for_raw(image.virtual_size), cancelled)
        if said is not None:
            raise _DAMAGE.get(image.format, UnsupportedFormatError)(f"{image.region.name}: {said}")

    def encode(self, raw: Path, target: Path, disk_format: str, cancelled: threading.Event) -> None:
        """Write a raw disk as an image.

        Args:
            raw: The disk, of whole sectors; it is read as raw whatever it holds.
            target: The file to write.
            disk_format: `VMDK` (stream-optimized) or `VHD` (fixed).
            cancelled: Ends the process when set.

        Raises:
            EncodingFailedError: If qemu-img fails.
            DiskTooLargeError: If the image takes too long or does not fit on this machine's disk.
            DecodingCancelledError: If it was cancelled.
        """
        source = json.dumps({"driver": "raw", "file": {"driver": "file", "filename": str(raw)}})
        command = ["convert", "-O", *_ENCODINGS[disk_format], f"json:{source}", str(target)]
        said = self._run(command, target.name, target, _room_for_image(raw.stat().st_size), cancelled)
        if said is not None:
            raise EncodingFailedError(f"{target.name}: {said}")

    def _run(
        self, arguments: list[str], name: str, target: Path, room: int, cancelled: threading.Event
    ) -> str | None:
        """Run qemu-img to its end; returns what it said if it failed."""
        with (target.parent / f"{target.name}.errors").open("w+b") as errors:
            process = subprocess.Popen(
                [self._executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
            try:
                _limit(process.pid, room)
                self._watch(process, name, target, cancelled)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                Path(errors.name).unlink()
            if not process.returncode:
                return None
            errors.seek(0)
            return errors.read(2000).decode(errors="replace").strip()

    def _watch(
        self, process: subprocess.Popen[bytes], name: str, target: Path, cancelled: threading.Event
    ) -> None:
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
                raise DiskTooLargeError(f"{name} was not converted in {self._timeout:.0f} seconds")
            if now > next_disk_check:
                next_disk_check = now + _DISK_CHECK_SECONDS
                if shutil.disk_usage(target.parent).free < self._keep_free:
                    raise DiskTooLargeError(f"{name} does not fit on this machine's disk")


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


def _room_for_raw(size: int) -> int:
    return size + _MIB


def _room_for_image(size: int) -> int:
    """Of data that does not compress an image is larger than the disk: a grain's marker, tables, a footer."""
    return size + size // 32 + 16 * _MIB


def _limit(pid: int, file_size: int) -> None:
    """Bound memory and output of a process; Linux only, elsewhere time and disk alone are watched."""
    if sys.platform != "linux":
        return
    import resource

    try:
        resource.prlimit(pid, resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (file_size, file_size))
    except ProcessLookupError:
        return  # it has already ended
