"""VMDK files: which kind they are, and the decoded disk of a sparse extent.

Source: VMware's "Virtual Disk Format 5.0" (hosted sparse and stream-optimized extents).
"""

from __future__ import annotations

from vmie_images.containers.container import DiskImage
from vmie_images.containers.vmdk_descriptor import MAX_DESCRIPTOR, VmdkDescriptor, parse_descriptor
from vmie_images.containers.vmdk_header import SECTOR
from vmie_images.containers.vmdk_sparse import SparseExtent
from vmie_images.errors import CorruptImageError
from vmie_images.fields import number
from vmie_images.findings import FindingLog
from vmie_images.ranges import RangeSource, read_exactly


def open_vmdk(image: DiskImage, source: RangeSource, log: FindingLog) -> None:
    """Recognise a VMDK file, check it and fill in the image.

    Raises:
        CorruptImageError: The file contradicts the format; what is known by then is in the image.
    """
    head = source.read(0, 512)
    if head.startswith(b"COWD"):
        image.subtype, image.virtual_size = "vmfsSparse", number("<I", head, 12) * SECTOR
        log.add("VmdkSeSparse", "an ESX copy-on-write extent (COWD, vmfsSparse)")
    elif head.startswith(b"\xbe\xba\xfe\xca"):
        image.subtype, image.virtual_size = "seSparse", number("<Q", head, 16) * SECTOR
        log.add("VmdkSeSparse", "a space-efficient sparse extent (SEsparse)")
    elif head.startswith(b"KDMV"):
        _open_sparse(image, source, log)
    else:
        _describe(image, parse_descriptor(source.read(0, MAX_DESCRIPTOR)), log)


def _open_sparse(image: DiskImage, source: RangeSource, log: FindingLog) -> None:
    extent = SparseExtent(source)
    header = extent.header
    image.virtual_size = header.size
    descriptor = parse_descriptor(b"")
    if header.descriptor_size:
        length = min(header.descriptor_size, MAX_DESCRIPTOR)
        descriptor = parse_descriptor(
            read_exactly(source, header.descriptor_offset, length, "VMDK descriptor")
        )
    image.subtype = descriptor.create_type or ("streamOptimized" if header.compressed else "monolithicSparse")
    if descriptor.has_parent:
        log.add("VmdkDelta", f"a {image.subtype} disk with a parent")
        return
    if descriptor.create_type is None and not descriptor.extents and not header.compressed:
        image.subtype = "twoGbMaxExtentSparse"
        log.add("VmdkSplit", "a sparse extent without a descriptor, one part of a split disk")
        return
    if not (header.compressed and header.has_markers):
        log.add("VmdkNotStreamOptimized", f"a {image.subtype} VMDK")
    if header.compressed and descriptor.create_type not in (None, "streamOptimized"):
        log.add("VmdkNotStreamOptimized", f"compressed grains in a VMDK that calls itself {image.subtype}")
    extent.open()
    image.data = extent


def _describe(image: DiskImage, descriptor: VmdkDescriptor, log: FindingLog) -> None:
    image.subtype = descriptor.create_type
    image.virtual_size = descriptor.capacity or None
    if descriptor.create_type is None and not descriptor.extents:
        raise CorruptImageError("a disk descriptor that names neither a type nor an extent")
    files = ", ".join(repr(name) for _, name in descriptor.extents[:4] if name) or "no file"
    if descriptor.has_parent:
        log.add("VmdkDelta", f"the descriptor of a {descriptor.create_type} disk with a parent")
    else:
        log.add(
            "VmdkDescriptorOnly",
            f"the descriptor of a {descriptor.create_type} disk, whose data is in {files}",
        )
