"""Images that the service cannot read as a disk."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

_TO_STREAM_OPTIMIZED = (
    "`qemu-img convert -O vmdk -o subformat=streamOptimized in.vmdk out.vmdk`, or export the VM anew as "
    "OVA with ovftool"
)

MEANINGS = (
    Meaning(
        code="UnsupportedVmdkSubtype",
        category=Category.IMAGE,
        texts=("ClientError: Disk validation failed [Unsupported VMDK File Format]",),
        pattern=r"Unsupported VMDK File Format",
        cause="The VMDK is not stream-optimized, the only kind of VMDK that VM Import/Export reads. Files "
        "taken straight from a datastore (monolithic sparse, flat, split, SEsparse) are of other kinds.",
        remedy=f"Convert it: {_TO_STREAM_OPTIMIZED}; then upload it again.",
        documentation=links.IMAGE_FORMATS,
    ),
    Meaning(
        code="ChunkedOva",
        category=Category.IMAGE,
        texts=(
            "ClientError: Disk validation failed [OVF file parsing error: OVA with chunked disk files is "
            "not supported]",
        ),
        pattern=r"OVA with chunked disk files",
        cause="The OVA carries one disk in several files (`ovf:chunkSize` in its descriptor).",
        remedy="Export the VM again with every disk in one file: `ovftool` without `--chunkSize`.",
        documentation=links.IMPORT_IMAGE_ERRORS,
    ),
    Meaning(
        code="InvalidOvfDescriptor",
        category=Category.IMAGE,
        pattern=r"OVF file parsing error:(?! OVA with chunked)\s*(?P<reason>[^\]]+)",
        texts=("ClientError: Disk validation failed [OVF file parsing error: <reason>]",),
        found="It says: {reason}.",
        cause="The service could not read the OVF descriptor inside the OVA.",
        remedy="Export the VM again as OVF 1.0 in an OVA, or import its disks without the OVA, as VMDK, "
        "VHD, VHDX or raw.",
        documentation=links.IMAGE_FORMATS,
    ),
    Meaning(
        code="FormatMismatch",
        category=Category.IMAGE,
        texts=("ClientError: Disk validation failed [Unsupported specified file format]",),
        pattern=r"Unsupported specified file format",
        cause="The file is not of the format the request names: a VHD named as VHDX, a raw disk named as "
        "VMDK, or a format that VM Import/Export does not read, such as QCOW2.",
        remedy="Look at what the file is with `qemu-img info FILE`, give it the suffix (or the `Format`) "
        "of that format, and convert anything but OVA, VMDK, VHD, VHDX and raw: `qemu-img convert -O raw "
        "FILE disk.raw`.",
        documentation=links.IMAGE_FORMATS,
    ),
    Meaning(
        code="UnsupportedDiskFormat",
        category=Category.IMAGE,
        texts=("Parameter disk-image-size=0 has an invalid format",),
        pattern=r"disk-image-size=0 has an invalid format",
        cause="The service does not know the disk's format.",
        remedy="ImportImage takes VHD, VHDX, VMDK and raw disks; ImportInstance takes OVA, VHD, VMDK and "
        "raw. Convert the disk to one of these and upload it again.",
        documentation=links.IMPORT_IMAGE_ERRORS,
    ),
    Meaning(
        code="NoValidPartitions",
        category=Category.IMAGE,
        texts=(
            "ClientError: No valid partitions. Not a valid volume.",
            "ClientError: No valid partition. Not a valid volume.",
        ),
        pattern=r"No valid partitions?\b",
        cause="No partition was found that the service can read: the disk is blank, is a bare filesystem "
        "without a partition table, is a data disk, or is not of the format it is imported as (a raw "
        "import of a file that is itself a VMDK, VHD or QCOW2 looks like this).",
        remedy="Check with `qemu-img info` that the file is what its suffix says and with `fdisk -l` that "
        "the boot disk has an MBR or GPT partition table. Disks that hold data only go in as snapshots: "
        "drop them under `snapshots/`.",
        documentation=links.REQUIREMENTS,
    ),
    Meaning(
        code="VhdFooterMismatch",
        category=Category.IMAGE,
        texts=("ClientError: Footers not identical",),
        pattern=r"Footers not identical",
        cause="The two footers of the VHD differ: it is a differencing disk (a checkpoint that depends on "
        "a parent), it is incomplete, or it was written wrongly.",
        remedy="Merge its checkpoints (Hyper-V: Export, or `Convert-VHD -VHDType Dynamic`) and upload the "
        "merged disk.",
        documentation=links.IMPORT_INSTANCE_ERRORS,
    ),
    Meaning(
        code="CorruptVmdk",
        category=Category.IMAGE,
        texts=("ClientError: Uncompressed data has an invalid length",),
        pattern=r"Uncompressed data has an invalid length",
        cause="The VMDK is damaged: a compressed grain does not have the length it should have.",
        remedy="Compare the file with its original (size and checksum), export the VM again if they agree, "
        "and upload it again.",
        documentation=links.IMPORT_INSTANCE_ERRORS,
    ),
    Meaning(
        code="UncompressedVmdk",
        category=Category.IMAGE,
        texts=("ERROR: File uses unsupported compression algorithm 0",),
        pattern=r"unsupported compression algorithm (?P<algorithm>\d+)",
        cause="The VMDK's grains are not compressed with deflate, as stream-optimized VMDKs are. The user "
        "guide sees this with a VMDK made for an OVA where one of an OVF export is expected.",
        found="It names compression algorithm {algorithm}.",
        remedy=f"Export the VM as OVF, or convert the disk: {_TO_STREAM_OPTIMIZED}.",
        documentation=links.IMPORT_INSTANCE_ERRORS,
    ),
    Meaning(
        code="DiskTooLarge",
        category=Category.IMAGE,
        aws_codes=("DiskImageSizeTooLarge",),
        cause="The disk image is larger than the operation allows.",
        remedy="ImportImage takes disks below 8 TiB, ImportSnapshot below 16 TiB (above 8 TiB with an "
        "import manifest). Shrink the disk, or ask for `Vmie.Method: snapshot`.",
        documentation=links.REQUIREMENTS,
    ),
)

# Asked only when no other row knows the text.
FALLBACKS = (
    Meaning(
        code="DiskValidationFailed",
        category=Category.IMAGE,
        texts=("ClientError: Disk validation failed [<reason>]",),
        pattern=r"Disk validation failed(?:\s*\[(?P<reason>[^\]]+)\])?",
        found="It says: {reason}.",
        cause="The service read the file and refused it as a disk, for a reason this catalogue does not "
        "know.",
        remedy="Check that the upload is complete and that `qemu-img check` and `qemu-img info` accept the "
        "file; upload it again. Where the file proves sound, report the message so that the catalogue "
        "learns it.",
        documentation=links.IMAGE_FORMATS,
    ),
)
