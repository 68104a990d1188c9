"""How small an exported file can be: what its format needs even where every block of the disk is zero.

A floor proves that a file is truncated and never that it is whole. Each counts only what its format cannot do
without; a writer that adds more (further copies of tables, a longer descriptor) stays above it.
"""

from __future__ import annotations

from collections.abc import Callable

_GIB = 2**30
_SECTOR = 512

# Microsoft, "Virtual Hard Disk Image Format Specification" (2006): a footer at the end, in a dynamic disk a
# copy of it at the beginning, then the dynamic header, then the table of blocks, with four bytes for each. A
# fixed disk, the whole volume and a footer, is larger. 2 MiB is the specification's default block.
_VHD_FOOTER, _VHD_HEADER, _VHD_BLOCK = 512, 1024, 2 << 20
# VMware, "Virtual Disk Format 1.1", "Stream-Optimized Compressed Sparse Extents": a header and an embedded
# descriptor, and a grain directory with four bytes for every table of 512 grains of 64 KiB. Grains and tables
# of zeros are left out. The footer does not count: a header that names the directory's place needs none.
_VMDK_HEADER, _VMDK_DESCRIPTOR, _VMDK_TABLE = _SECTOR, _SECTOR, 512 * (64 << 10)
_ENTRY = 4
# POSIX.1-1988 (ustar): a member is a header and its content in whole blocks; two empty blocks end the
# archive. DMTF DSP0243: the first member is the descriptor, which has a block at least; then come the disks.
_TAR_MEMBER, _TAR_END, _OVF = _SECTOR, 2 * _SECTOR, _SECTOR


def smallest_export(uri: str, volume_size: int | None) -> int:
    """The bytes that an exported file has at least.

    Args:
        uri: The file; its suffix is that of its format.
        volume_size: GiB of the exported volume. None where nobody looked: the least that EBS has.

    Returns:
        One for a format that is not known, which tells an empty file.
    """
    floor = _FLOORS.get(uri.rpartition(".")[2].lower())
    return 1 if floor is None else floor((volume_size or 1) * _GIB)


def _vhd(disk: int) -> int:
    return _VHD_FOOTER + _VHD_HEADER + _table(disk, _VHD_BLOCK) + _VHD_FOOTER


def _vmdk(disk: int) -> int:
    return _VMDK_HEADER + _VMDK_DESCRIPTOR + _table(disk, _VMDK_TABLE)


def _ova(disk: int) -> int:
    return _TAR_MEMBER + _OVF + _TAR_MEMBER + _vmdk(disk) + _TAR_END


def _table(disk: int, covered: int) -> int:
    """Bytes of a table with an entry for so much of a disk each, in whole sectors."""
    entries = -(-disk // covered)
    return -(-entries * _ENTRY // _SECTOR) * _SECTOR


_FLOORS: dict[str, Callable[[int], int]] = {"raw": int, "vhd": _vhd, "vmdk": _vmdk, "ova": _ova}
