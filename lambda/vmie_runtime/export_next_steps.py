"""What a person does with exported files: commands of the AWS CLI that run as they are.

Words in capitals stand for a choice of the reader's. Nothing here carries an authority of its own: who runs a
command needs `s3:GetObject` on the file.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from vmie_runtime.export_objects import address_of
from vmie_runtime.object_keys import file_name

# What runs a file of each kind, and what is to be done to it first.
_USES = {
    ".ova": "Deploy it in vSphere: `ovftool FILE vi://HOST/…`, or Deploy OVF Template in its client.",
    ".vmdk": "For vSphere, make a VM's own kind of disk of it first: `vmkfstools -i FILE disk.vmdk -d thin`. "
    "Elsewhere: `qemu-img convert -O qcow2 FILE disk.qcow2`.",
    ".vhd": "Attach it to a VM of Hyper-V (generation 1 for a BIOS guest) or Xen; for VHDX: `Convert-VHD "
    "-Path FILE -DestinationPath disk.vhdx`.",
    ".raw": "Write it to a disk of at least its size, or convert it: `qemu-img convert -O qcow2 FILE "
    "disk.qcow2`.",
}


def after_export(files: Sequence[dict[str, Any]], region: str) -> list[str]:
    """What follows an export.

    Args:
        files: The `Exports` of the result.
        region: The Region of the bucket.
    """
    return [step for file in files for step in _steps(file, region)]


def _steps(file: dict[str, Any], region: str) -> Iterator[str]:
    location = address_of(file["Uri"])
    name = file_name(location.key)
    yield f"Fetch it: aws s3 cp {shlex.quote(file['Uri'])} . --region {region}"
    yield (
        f"Compare what you fetched: it has {file['Size']} bytes, and S3 says of it: aws s3api head-object "
        f"--bucket {location.bucket} --key {shlex.quote(location.key)} --checksum-mode ENABLED "
        f"--region {region}"
    )
    suffix = name[name.rfind(".") :]
    if suffix in _USES:
        yield _USES[suffix].replace("FILE", name)
