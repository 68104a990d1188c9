"""What a disk image is, by its content, and whether the service takes it.

Nothing here believes a name or an extension. `qemu-img` is never asked to guess: it sees a file only after
this module has said what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmie_local.disk_images import vhd, vhdx, vmdk
from vmie_local.disk_images.errors import UnsupportedFormatError
from vmie_local.disk_images.region import FileRegion

_TAR_MAGIC_OFFSET = 257
_FOREIGN_MAGICS = {b"QFI\xfb": "QCOW2", b"QED\0": "QED", b"<<< ": "VDI"}
_QCOW_PREFIX = 4
_IMPORTABLE = ("VMDK", "VHD", "VHDX", "RAW")


@dataclass(frozen=True)
class DiskImage:
    """One disk that passed its checks.

    Attributes:
        format: `VMDK`, `VHD`, `VHDX` or `RAW`.
        region: Where its bytes are.
        virtual_size: Bytes that the guest sees.
    """

    format: str
    region: FileRegion
    virtual_size: int


def container_format(region: FileRegion) -> str:
    """What a file is: `OVA`, `VMDK`, `VHD`, `VHDX`, `QCOW2`, … or `RAW` where nothing else fits."""
    head = region.read(0, 512)
    if head[_TAR_MAGIC_OFFSET : _TAR_MAGIC_OFFSET + 5] == b"ustar":
        return "OVA"
    for magic, name in _FOREIGN_MAGICS.items():
        if head[:_QCOW_PREFIX] == magic:
            return name
    if vmdk.kind(head) is not None:
        return "VMDK"
    if vhdx.has_signature(head):
        return "VHDX"
    return "VHD" if vhd.has_signature(region) else "RAW"


def check_disk(region: FileRegion, declared: str) -> DiskImage:
    """Check one disk against its declared format.

    Args:
        region: The image.
        declared: `VMDK`, `VHD`, `VHDX` or `RAW`.

    Raises:
        UnsupportedFormatError: If the content is of another format, or empty.
        UnsupportedVmdkError: If it is a VMDK but not a stream-optimized one.
        FootersDifferError: If it is a VHD with a bad footer.
    """
    if region.size == 0:
        raise UnsupportedFormatError(f"{region.name} is empty")
    actual = container_format(region)
    if declared not in _IMPORTABLE:
        raise UnsupportedFormatError(f"{region.name} is {declared}, which is no disk that can be imported")
    if actual != declared and not (declared == "RAW" and actual == "VHD" and not vhd.is_dynamic(region)):
        raise UnsupportedFormatError(f"{region.name} was declared {declared} and is {actual}")
    sizes = {"VMDK": vmdk.check_stream_optimized, "VHD": vhd.check, "VHDX": vhdx.check}
    size = sizes[declared](region) if declared in sizes else region.size
    return DiskImage(declared, region, size)
