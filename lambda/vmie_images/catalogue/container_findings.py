"""What can be wrong with the file itself. Error texts: the VM Import/Export user guide and recorded tasks."""

from __future__ import annotations

from vmie_images.catalogue.entry import DOUBTS, NONE, REJECTS, Entry, Severity, error, info, warning

_UPLOAD_AGAIN = "Compare its size and checksum with the original, and upload it again."
_ACCEPTED = "Accepted are OVA, stream-optimized VMDK, fixed or dynamic VHD or VHDX, and raw."
_STREAM = (
    "Convert it: `qemu-img convert -O vmdk -o subformat=streamOptimized IN OUT.vmdk`, "
    "or export the VM with ovftool or vSphere's OVF export."
)
_UNSUPPORTED_FORMAT = (
    'ImportImage fails with "ClientError: Disk validation failed [Unsupported specified file format]".'
)
_UNSUPPORTED_VMDK = (
    'The import fails with "ClientError: Disk validation failed [Unsupported VMDK File Format]".'
)

GENERAL: dict[str, Entry] = {
    "EmptyFile": error(
        "There is nothing to import.", "The upload or the export before it failed. Repeat it."
    ),
    "UnsupportedFormat": error(
        _UNSUPPORTED_FORMAT, f"{_ACCEPTED} `qemu-img convert` reads most disk formats and writes these."
    ),
    "CompressedFile": error(
        _UNSUPPORTED_FORMAT + " The service unpacks no archive but an OVA.",
        f"Decompress it and upload the disk image itself. {_ACCEPTED}",
    ),
    "FormatMismatch": error(
        _UNSUPPORTED_FORMAT + " A disk read as raw that is not raw has no partitions.",
        "Name the file, and the Format of the request, after what the file is.",
        direct=NONE,
    ),
    "FormatUnrecognised": error(
        _UNSUPPORTED_FORMAT + " Nothing in the file marks it as a disk image of any kind.",
        "Check that the upload is complete, is the file that was meant, and is not encrypted or packed.",
    ),
    "DiskTooLarge": error(
        "ImportImage takes disks under 8 TiB, ImportSnapshot under 16 TiB (from 8 TiB on with an import "
        "manifest).",
        "Shrink the disk, or split its data over several disks.",
        direct=NONE,
    ),
    "DiskNeedsManifest": error(
        "ImportImage takes disks under 8 TiB; ImportSnapshot takes one up to 16 TiB by an import manifest.",
        "Import it as a snapshot with an import manifest, or shrink the disk under 8 TiB.",
        snapshot=DOUBTS,
        direct=NONE,
    ),
    "TooManyDisks": error(
        "An AMI made by ImportImage has at most 21 volumes.",
        "Import the further disks as snapshots and attach them.",
        snapshot=NONE,
        direct=NONE,
    ),
    "InspectionIncomplete": warning(
        "The inspection stopped at its own limit of requests, bytes, work or time; what it did not reach is "
        "unknown.",
        "Nothing need be done; the import itself has no such limit.",
    ),
    "ReaderFault": warning(
        "The inspection could not make sense of this part of the image, and does not know whether the "
        "service can.",
        "Check the image with the tools that made it; report the message as a defect of the inspection.",
    ),
}

VMDK: dict[str, Entry] = {
    "VmdkNotStreamOptimized": error(
        _UNSUPPORTED_VMDK + " Only stream-optimized VMDK files are accepted.", _STREAM, direct=NONE
    ),
    "VmdkDescriptorOnly": error(
        _UNSUPPORTED_VMDK + " This file only names the files that hold the disk's data.",
        "Convert descriptor and data together into one file: "
        "`qemu-img convert -O vmdk -o subformat=streamOptimized DESCRIPTOR.vmdk OUT.vmdk`.",
    ),
    "VmdkSplit": error(
        _UNSUPPORTED_VMDK + " This is one of several extents of a disk.",
        "Convert the whole disk, from its descriptor. " + _STREAM,
    ),
    "VmdkDelta": error(
        _UNSUPPORTED_VMDK + " A snapshot's delta holds only what changed since its parent.",
        "Consolidate the VM's snapshots (or clone the VM), then export the whole disk.",
    ),
    "VmdkSeSparse": error(
        _UNSUPPORTED_VMDK + " SEsparse and ESX COW disks are not accepted.",
        "Export the VM with ovftool or vSphere's OVF export, which write stream-optimized VMDK.",
    ),
    "VmdkTruncated": error(
        "The import fails after the whole file was read: the end of the disk is missing.", _UPLOAD_AGAIN
    ),
    "VmdkCorrupt": error(
        _UNSUPPORTED_VMDK
        + ' Damaged grains fail with "ClientError: Uncompressed data has an invalid length".',
        "Check it with `qemu-img check`, export it again, and upload it again.",
    ),
    "VmdkCompression": error(
        'The import fails with "ERROR: File uses unsupported compression algorithm".',
        _STREAM,
    ),
    "VmdkTextMode": error(
        _UNSUPPORTED_VMDK + " A transfer in text mode replaced bytes all over the file.",
        "Transfer it again in binary mode.",
    ),
}

VHD: dict[str, Entry] = {
    "VhdTruncated": error(
        'The footer at the end is missing or its data is. The import fails with "ClientError: Footers '
        'not identical" or during conversion.',
        _UPLOAD_AGAIN,
    ),
    "VhdFootersDiffer": error(
        'The import fails with "ClientError: Footers not identical".',
        "Convert it again from the original: `qemu-img convert -O vpc IN OUT.vhd`, or Hyper-V's Convert-VHD.",
        direct=DOUBTS,
    ),
    "VhdChecksum": error(
        "A VHD whose checksum does not match is damaged.",
        "Convert or copy it again from the original.",
        direct=DOUBTS,
    ),
    "VhdDifferencing": error(
        "A differencing disk holds only what differs from its parent. The import fails with "
        '"ClientError: Footers not identical".',
        "Merge it into its parent (Hyper-V's Merge-VHD, or delete the VM's checkpoint), then upload the "
        "result.",
    ),
    "VhdCorrupt": error(
        "A damaged VHD fails during validation or conversion.",
        "Check it with Hyper-V's Test-VHD or `qemu-img check`, and convert it again from the original.",
    ),
    "VhdSizeMismatch": warning(
        "The footer's size and the file's length disagree, as after a cut or a careless resize.",
        "Convert it again: `qemu-img convert -O vpc -o subformat=fixed,force_size=on IN OUT.vhd`.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
}

VHDX: dict[str, Entry] = {
    "VhdxTruncated": error(
        "The import fails during conversion: data that the file refers to is missing.", _UPLOAD_AGAIN
    ),
    "VhdxCorrupt": error(
        "A damaged VHDX fails during validation or conversion.",
        "Check it with Hyper-V's Test-VHD, and convert it again from the original.",
    ),
    "VhdxDifferencing": error(
        "A differencing disk holds only what differs from its parent.",
        "Merge it into its parent (Hyper-V's Merge-VHD, or delete the VM's checkpoint), then upload the "
        "result.",
    ),
    "VhdxDirtyLog": warning(
        "The disk was not closed properly: its log holds changes that are not in their place yet. A "
        "reader that ignores the log sees an inconsistent disk.",
        "Open and close it once where it was made: Hyper-V's Mount-VHD and Dismount-VHD, or start and "
        "shut down the VM.",
        snapshot=DOUBTS,
        direct=DOUBTS,
    ),
    "VhdxHeaderDamaged": info(
        "One of the two copies is enough to read the disk.", "Copy it again from the original if in doubt."
    ),
}

OVA: dict[str, Entry] = {
    "OvaTruncated": error("A member of the archive lies beyond the file's end.", _UPLOAD_AGAIN),
    "OvaCorrupt": error(
        "An OVA is a tar archive of an OVF descriptor and the disks it names.",
        "Export the VM again, or check the file with `tar -tvf`.",
    ),
    "OvaWithoutOvf": error(
        "Without an OVF descriptor the service does not know which disks the machine has.",
        "Export the VM as OVA, or upload its disk and import that.",
    ),
    "OvfInvalid": error(
        'The import fails with "ClientError: Disk validation failed [OVF file parsing error: ...]".',
        "Export the VM again.",
    ),
    "OvaWithoutDisk": error("The descriptor names no disk.", "Export the VM with its disks attached."),
    "OvaMissingFile": error(
        "The descriptor names a file that the archive does not hold.",
        "Export the VM again as a single OVA; keep the descriptor and the archive's names in step.",
    ),
    "OvaChunkedDisk": error(
        'The import fails with "ClientError: Disk validation failed [OVF file parsing error: OVA with '
        'chunked disk files is not supported]".',
        "Export with one file per disk (no chunk size).",
    ),
    "OvaCompressedDisk": warning(
        "The descriptor says that a disk is packed once more. Whether the service unpacks it is not known.",
        "Export without compression of the files; stream-optimized VMDK is compressed already.",
    ),
    "OvaDiskFormat": warning(
        "Tools export the disks of an OVA as stream-optimized VMDK files; whether the service takes others "
        "is not known.",
        "Export from VMware, or upload the disk itself and import that.",
    ),
    "OvaSizeMismatch": warning(
        "The descriptor and the archive disagree about a file's size, as after an edit or a cut.",
        "Export the VM again.",
        direct=DOUBTS,
    ),
    "OvaManifestMissing": info(
        "Without a manifest nobody can tell whether the file arrived unharmed.",
        "Export with a manifest if the tool can.",
    ),
    "OvaManifestIncomplete": info(
        "Files that the manifest does not list cannot be verified.", "Export the VM again with its manifest."
    ),
    "OvaManifestInvalid": warning(
        "The manifest does not match the archive.",
        "Export the VM again; after editing a descriptor write its new digest to the manifest.",
    ),
    "OvaIsNotOneDisk": Entry(
        Severity.INFO,
        "ImportSnapshot takes one disk (VMDK, VHD, VHDX or raw), not a machine.",
        "Import it as an image, or unpack it (`tar -xf`) and upload its disk.",
        snapshot=REJECTS,
    ),
}

CONTAINER_FINDINGS = GENERAL | VMDK | VHD | VHDX | OVA
