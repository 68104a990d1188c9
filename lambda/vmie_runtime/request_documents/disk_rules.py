"""What a request may say about its disks."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.documented import SNAPSHOT_FORMATS
from vmie_runtime.request_documents.options import IMAGE_IMPORT, SNAPSHOT_IMPORT
from vmie_runtime.request_documents.problems import Code, Problems, shown
from vmie_runtime.source_urls import SourceLocation, read_source_url, without_secrets

# https://docs.aws.amazon.com/vm-import/latest/userguide/limitations-image-importing.html
MAX_DISKS = 21
_SOURCES = ("UserBucket", "Url", "SnapshotId")
_MAX_KEY_BYTES = 1024


def check_disks(
    operation: str, parameters: dict[str, Any], options: dict[str, Any], problems: Problems
) -> None:
    """Check the containers of an image or a snapshot."""
    if operation == IMAGE_IMPORT and "DiskContainers" in parameters:
        _image_disks(parameters["DiskContainers"], options, problems)
    elif operation == SNAPSHOT_IMPORT and "DiskContainer" in parameters:
        container = parameters["DiskContainer"]
        _source(container, "DiskContainer", ("UserBucket", "Url"), problems)
        if is_ova(container) and "Format" not in container:
            problems.add(Code.INVALID_VALUE, "DiskContainer", _no_ova("DiskContainer", "ImportSnapshot"))


def is_ova(container: dict[str, Any]) -> bool:
    """Tell whether a container is an OVA: by its format, or by its name where it gives none."""
    if "Format" in container:
        return str(container["Format"]).casefold() == "ova"
    key: str = container.get("UserBucket", {}).get("S3Key") or container.get("Url", "").partition("?")[0]
    return key.casefold().endswith(".ova")


def check_snapshot_disks(containers: list[dict[str, Any]], problems: Problems) -> None:
    """Check that the method `snapshot` can import every disk."""
    for index, container in enumerate(containers):
        if is_ova(container):
            at = f"DiskContainers[{index}]"
            problems.add(
                Code.INVALID_COMBINATION,
                "Vmie.Method",
                f'Vmie.Method "snapshot" does not take {at}: {_no_ova(at, "ImportSnapshot")}',
            )


def _image_disks(containers: list[dict[str, Any]], options: dict[str, Any], problems: Problems) -> None:
    if not containers:
        problems.add(
            Code.MISSING_PARAMETER,
            "DiskContainers",
            "DiskContainers is empty: an image needs at least one disk, its boot disk first.",
        )
    elif len(containers) > MAX_DISKS:
        problems.add(
            Code.TOO_MANY_DISKS,
            "DiskContainers",
            f"DiskContainers holds {len(containers)} disks; an image has at most {MAX_DISKS}. Import the "
            "boot disk and 20 others so, and each further disk by a request with DiskContainer and "
            "Vmie.CreateVolume and Vmie.AttachVolume.",
        )
        return
    for index, container in enumerate(containers):
        at = f"DiskContainers[{index}]"
        _source(container, at, _SOURCES, problems)
        if is_ova(container) and len(containers) > 1:
            problems.add(
                Code.INVALID_COMBINATION,
                at,
                f"{at} is an OVA and DiskContainers holds {len(containers)} elements: an OVA carries all "
                "disks of its VM and stands alone.",
            )
    if options.get("Method") == "snapshot":
        check_snapshot_disks(containers, problems)


def _source(container: dict[str, Any], at: str, allowed: tuple[str, ...], problems: Problems) -> None:
    given = [key for key in allowed if key in container]
    mistyped = any(problem.path.startswith(f"{at}.") for problem in problems.found)
    if not given and not mistyped:
        problems.add(
            Code.MISSING_PARAMETER,
            at,
            f"{at} names no disk image: it needs one of {', '.join(allowed)}.",
        )
    elif len(given) > 1:
        problems.add(
            Code.INVALID_COMBINATION,
            f"{at}.{given[1]}",
            f"{at} names {len(given)} disk images, by {' and '.join(given)}: give one of them.",
        )
    if "Url" in given:
        check_url(container["Url"], f"{at}.Url", problems)
    key = container.get("UserBucket", {}).get("S3Key", "")
    if len(key.encode("utf-8", "replace")) > _MAX_KEY_BYTES:
        problems.add(
            Code.INVALID_VALUE,
            f"{at}.UserBucket.S3Key",
            f"Invalid length for parameter {at}.UserBucket.S3Key: S3's keys have at most {_MAX_KEY_BYTES:,} "
            "bytes.",
        )


def check_url(url: str, path: str, problems: Problems, *, may_be_own: bool = False) -> SourceLocation | None:
    """Check that a URL names an object of S3; the object, where it does.

    Args:
        url: The URL.
        path: Where it stands.
        problems: Takes what is found.
        may_be_own: Whether `s3:///key` names an object of the bucket that the request was dropped in.
    """
    try:
        location = read_source_url(url)
        if location.bucket is None and not may_be_own:
            raise ValueError("it must name a bucket and a key: s3://bucket/key")
        return location
    except ValueError as why:
        problems.add(
            Code.INVALID_SOURCE_URL,
            path,
            f"Invalid value for parameter {path}, value: {shown(without_secrets(url))}: {why}.",
        )
        return None


def _no_ova(at: str, operation: str) -> str:
    return (
        f"{at} is an OVA, and {operation} takes one disk as {', '.join(SNAPSHOT_FORMATS)}. Unpack it (tar "
        "xf) and import its disks one by one, or import the OVA with DiskContainers."
    )
