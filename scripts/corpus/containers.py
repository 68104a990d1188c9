"""A raw disk in every container: by qemu-img, and what qemu-img cannot write by our own writer."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from scripts.corpus.commands import run
from scripts.corpus.stream_layout import move_directory_to_end

_OVF = """\
<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
  <References><File ovf:href="{name}" ovf:id="file1" ovf:size="{size}"/></References>
  <DiskSection>
    <Info>Disks</Info>
    <Disk ovf:capacity="{capacity}" ovf:diskId="vmdisk1" ovf:fileRef="file1"
      ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <VirtualSystem ovf:id="{machine}"><Info>A machine</Info></VirtualSystem>
</Envelope>
"""


@dataclass(frozen=True)
class Format:
    """A container format of the corpus.

    Attributes:
        suffix: What its files' names end with.
        reported: ``Format`` and ``Subtype`` that an inspection should report.
        qemu: The driver that qemu-img reads it with; ``None`` where it does not read it.
        decodes: Whether an inspection reads the disk in it.
        write: Makes the file from a raw disk.
    """

    suffix: str
    reported: tuple[str, str | None]
    qemu: str | None
    decodes: bool
    write: Callable[[Path, Path], None]


def _by_qemu(driver: str, *options: str) -> Callable[[Path, Path], None]:
    def write(raw: Path, target: Path) -> None:
        chosen = [word for option in options for word in ("-o", option)]
        run("qemu-img", "convert", "-f", "raw", "-O", driver, *chosen, raw, target)

    return write


def _stream(raw: Path, target: Path) -> Path:
    """The disk as qemu-img's stream, which packs it for a minute: made once, kept beside the results."""
    stream = target.with_name(f"{raw.stem}.stream.vmdk")
    if not stream.exists():
        _by_qemu("vmdk", "subformat=streamOptimized")(raw, stream)
    return stream


def _stream_as_it_is(raw: Path, target: Path) -> None:
    _stream(raw, target)


def _stream_with_footer(raw: Path, target: Path) -> None:
    move_directory_to_end(_stream(raw, target), target)


def _ova(raw: Path, target: Path) -> None:
    """An archive as ovftool writes it: the descriptor, its manifest, the disk."""
    disk = _stream(raw, target)
    descriptor = _OVF.format(
        name=disk.name, size=disk.stat().st_size, capacity=raw.stat().st_size, machine=raw.stem
    ).encode()
    with disk.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    manifest = (
        f"SHA256({raw.stem}.ovf)= {hashlib.sha256(descriptor).hexdigest()}\nSHA256({disk.name})= {digest}\n"
    )
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in ((f"{raw.stem}.ovf", descriptor), (f"{raw.stem}.mf", manifest.encode())):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
        archive.add(disk, disk.name)


FORMATS: dict[str, Format] = {
    "stream": Format("stream.vmdk", ("VMDK", "streamOptimized"), "vmdk", True, _stream_as_it_is),
    "stream-footer": Format("footer.vmdk", ("VMDK", "streamOptimized"), "vmdk", True, _stream_with_footer),
    "ova": Format("ova", ("OVA", None), None, True, _ova),
    "sparse": Format(
        "sparse.vmdk",
        ("VMDK", "monolithicSparse"),
        "vmdk",
        True,
        _by_qemu("vmdk", "subformat=monolithicSparse"),
    ),
    "flat": Format(
        "flat.vmdk", ("VMDK", "monolithicFlat"), "vmdk", False, _by_qemu("vmdk", "subformat=monolithicFlat")
    ),
    "split": Format(
        "split.vmdk",
        ("VMDK", "twoGbMaxExtentSparse"),
        "vmdk",
        False,
        _by_qemu("vmdk", "subformat=twoGbMaxExtentSparse"),
    ),
    "vhd-fixed": Format(
        "fixed.vhd", ("VHD", "fixed"), "vpc", True, _by_qemu("vpc", "subformat=fixed,force_size=on")
    ),
    "vhd-dynamic": Format(
        "dynamic.vhd", ("VHD", "dynamic"), "vpc", True, _by_qemu("vpc", "subformat=dynamic,force_size=on")
    ),
    "vhdx-fixed": Format("fixed.vhdx", ("VHDX", "fixed"), "vhdx", True, _by_qemu("vhdx", "subformat=fixed")),
    "vhdx-dynamic": Format(
        "dynamic.vhdx", ("VHDX", "dynamic"), "vhdx", True, _by_qemu("vhdx", "subformat=dynamic")
    ),
    "qcow2": Format("qcow2", ("QCOW2", "version 3"), "qcow2", False, _by_qemu("qcow2")),
}
"""Every container but raw, which the recipes make."""
