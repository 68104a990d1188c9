"""What an export may ask for."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.options import IMAGE_EXPORT
from vmie_runtime.request_documents.problems import Code, Problems, shown

PREFIX = "exports/"
# S3's keys have 1,024 bytes; EC2 adds the task's id and a suffix.
_MAX_PREFIX_BYTES = 960


def check_export(operation: str, parameters: dict[str, Any], problems: Problems) -> None:
    """Check where an export is written, and what it is written as."""
    name = "S3ExportLocation" if operation == IMAGE_EXPORT else "ExportToS3Task"
    target = parameters.get(name, {})
    if "S3Prefix" in target:
        _prefix(target["S3Prefix"], f"{name}.S3Prefix", problems)
    if target.get("DiskImageFormat") == "RAW":
        problems.add(
            Code.INVALID_VALUE,
            f"{name}.DiskImageFormat",
            f"Invalid value for parameter {name}.DiskImageFormat, value: RAW, must be one of: VMDK, VHD. An "
            "instance is exported as VMDK or VHD; for raw, make an AMI of it and export that.",
        )


def _prefix(prefix: str, path: str, problems: Problems) -> None:
    if not prefix.startswith(PREFIX):
        near = f"{PREFIX}{prefix.lstrip('/')}"
        problems.add(
            Code.INVALID_EXPORT_PREFIX,
            path,
            f"Invalid value for parameter {path}, value: {shown(prefix)}: exports lie below {PREFIX}. Use "
            f"{shown(near)}, or leave it out.",
        )
    elif len(prefix.encode("utf-8", "replace")) > _MAX_PREFIX_BYTES:
        problems.add(
            Code.INVALID_EXPORT_PREFIX,
            path,
            f"Invalid length for parameter {path}: a prefix has at most {_MAX_PREFIX_BYTES} bytes, which "
            "leaves room for the name that EC2 adds.",
        )
