"""What an export may ask for."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.options import IMAGE_EXPORT, INSTANCE_EXPORT
from vmie_runtime.request_documents.problems import Code, Problems, shown

PREFIX = "exports/"
# S3's keys have 1,024 bytes; EC2 adds the task's id and a suffix.
_MAX_PREFIX_BYTES = 960
FORMATS = {"vmware": "VMDK", "citrix": "VHD", "microsoft": "VHD"}
"""Target environments, each with the one format of a disk that it takes.

VM Import/Export User Guide, "Considerations for instance export": VMDK is for VMware ESX and vSphere, VHD for
Citrix Xen and Microsoft Hyper-V, and OVA for vSphere.
"""
_OVA_FOR = "vmware"


def check_export(operation: str, parameters: dict[str, Any], problems: Problems) -> None:
    """Check where an export is written, and what it is written as."""
    name = "S3ExportLocation" if operation == IMAGE_EXPORT else "ExportToS3Task"
    target = parameters.get(name, {})
    if "S3Prefix" in target:
        _prefix(target["S3Prefix"], f"{name}.S3Prefix", problems)
    if operation == INSTANCE_EXPORT:
        _environment(parameters.get("TargetEnvironment"), target, problems)


def _environment(environment: Any, target: dict[str, Any], problems: Problems) -> None:
    only = FORMATS.get(environment)
    if only is None:
        return
    path, given = "ExportToS3Task.DiskImageFormat", target.get("DiskImageFormat")
    container = "ExportToS3Task.ContainerFormat"
    if given is not None and given != only and given in FORMATS.values():
        fitting = " or ".join(f'"{name}"' for name, of in FORMATS.items() if of == given)
        problems.add(
            Code.INVALID_COMBINATION,
            path,
            f'{path} "{given}" does not go with TargetEnvironment "{environment}", which takes {only} only: '
            f'use "{only}", or TargetEnvironment {fitting}.',
        )
    if target.get("ContainerFormat") == "ova" and environment != _OVA_FOR:
        problems.add(
            Code.INVALID_COMBINATION,
            container,
            f'{container} "ova" does not go with TargetEnvironment "{environment}": appliances are for '
            f'"{_OVA_FOR}" only. Leave it out to have the {only} by itself.',
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
