"""What `Vmie` options go together, with one another and with the operation."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.durations import duration_seconds
from vmie_runtime.request_documents.image_rules import check_encryption
from vmie_runtime.request_documents.instance_rules import check_zone
from vmie_runtime.request_documents.operations import SIGNATURES
from vmie_runtime.request_documents.options import (
    IMAGE_IMPORT,
    INSTANCE_IMPORT,
    LONGEST_DEADLINE,
    OPTIONS,
    SHORTEST_DEADLINE,
    SNAPSHOT_IMPORT,
)
from vmie_runtime.request_documents.problems import Code, Problems, shown
from vmie_runtime.request_documents.registration_rules import check_registration

_SIMPLE_VOLUMES = ("standard", "gp2", "st1", "sc1")


def check_options(
    operation: str, parameters: dict[str, Any], options: dict[str, Any], problems: Problems
) -> None:
    """Check the `Vmie` object of a request."""
    for name in options:
        option = OPTIONS.get(name)
        if option is not None and operation not in option.operations:
            problems.add(
                Code.INVALID_COMBINATION,
                f"Vmie.{name}",
                f"Vmie.{name} does not go with {' and '.join(SIGNATURES[operation])} ({operation}): it is an "
                f"option of {', '.join(option.operations)}.",
            )
    _method(operation, options, problems)
    _deadline(options, problems)
    _name(operation, options, problems)
    _distribution(options, problems)
    check_registration(operation, parameters, options, problems)
    _volume(options, problems)
    _adopted(operation, parameters, options, problems)


def _method(operation: str, options: dict[str, Any], problems: Problems) -> None:
    method = options.get("Method", "image")
    if method == "direct":
        problems.add(
            Code.DIRECT_IMPORT_UNAVAILABLE,
            "Vmie.Method",
            'Vmie.Method "direct" is not offered by this version, which only judges in its inspections '
            'whether an image would do for it. Use "snapshot", which leaves the guest alike unmodified.',
        )
    if operation == IMAGE_IMPORT and method == "image" and "RegisterImage" in options:
        problems.add(
            Code.INVALID_COMBINATION,
            "Vmie.RegisterImage",
            'Vmie.RegisterImage goes with Vmie.Method "snapshot" or "auto": ImportImage registers its image '
            "itself.",
        )


def _deadline(options: dict[str, Any], problems: Problems) -> None:
    if "Deadline" not in options:
        return
    seconds = duration_seconds(options["Deadline"])
    if seconds is None:
        why = "must be an ISO 8601 duration such as PT12H or PT90M"
    elif not SHORTEST_DEADLINE <= seconds <= LONGEST_DEADLINE:
        why = "must be between PT5M and PT36H"
    else:
        return
    problems.add(
        Code.INVALID_VALUE,
        "Vmie.Deadline",
        f"Invalid value for parameter Vmie.Deadline, value: {shown(options['Deadline'])}, {why}",
    )


def _name(operation: str, options: dict[str, Any], problems: Problems) -> None:
    if "Name" not in options:
        return
    if operation == INSTANCE_IMPORT and "CreateImage" not in options:
        problems.add(
            Code.INVALID_COMBINATION,
            "Vmie.Name",
            "Vmie.Name names an image and the request makes none: add Vmie.CreateImage ({} will do), or "
            "leave the name out.",
        )
    for other in ("RegisterImage", "CreateImage"):
        if options.get(other, {}).get("Name", options["Name"]) != options["Name"]:
            problems.add(
                Code.INVALID_COMBINATION,
                f"Vmie.{other}.Name",
                f"Vmie.Name and Vmie.{other}.Name differ: an image has one name. Leave one of them out.",
            )


def _distribution(options: dict[str, Any], problems: Problems) -> None:
    if "Distribution" in options:
        problems.add(
            Code.DISTRIBUTION_UNAVAILABLE,
            "Vmie.Distribution",
            "Vmie.Distribution asks for copies or shares of the image, which this version does not make. "
            "Leave it out, and copy or share the image once it is there.",
        )


def _volume(options: dict[str, Any], problems: Problems) -> None:
    if "AttachVolume" in options and "CreateVolume" not in options:
        problems.add(
            Code.INVALID_COMBINATION,
            "Vmie.AttachVolume",
            "Vmie.AttachVolume needs Vmie.CreateVolume: it attaches the volume that is made by it.",
        )
    if "CreateVolume" not in options:
        return
    for name in ("RegisterImage", "Name"):
        if name in options:
            problems.add(
                Code.INVALID_COMBINATION,
                "Vmie.CreateVolume",
                f"Vmie.CreateVolume and Vmie.{name} do not go together: a snapshot becomes a volume or an "
                "image. Make two requests of it.",
            )
    volume, at = options["CreateVolume"], "Vmie.CreateVolume."
    check_zone(volume, at, problems)
    check_encryption(volume, problems, at)
    kind = volume.get("VolumeType")
    if kind in ("io1", "io2") and "Iops" not in volume:
        problems.add(
            Code.MISSING_PARAMETER,
            f"{at}Iops",
            f'Missing required parameter in Vmie.CreateVolume: "Iops". VolumeType {kind} needs it.',
        )
    for name, unfit in (("Iops", _SIMPLE_VOLUMES), ("Throughput", (*_SIMPLE_VOLUMES, "io1", "io2"))):
        if name in volume and kind in unfit:
            problems.add(
                Code.INVALID_COMBINATION,
                f"{at}{name}",
                f"{at}{name} does not go with {at}VolumeType {kind}, whose performance is fixed.",
            )


def _adopted(operation: str, parameters: dict[str, Any], options: dict[str, Any], problems: Problems) -> None:
    task = options.get("ImportTaskId")
    if not isinstance(task, str):
        return
    if operation in (IMAGE_IMPORT, SNAPSHOT_IMPORT) and (operation == IMAGE_IMPORT) != task.startswith(
        "import-ami-"
    ):
        problems.add(
            Code.INVALID_COMBINATION,
            "Vmie.ImportTaskId",
            f"Vmie.ImportTaskId {shown(task)} is no task of {' and '.join(SIGNATURES[operation])} "
            f"({operation}).",
        )
    if options.get("Method", "image") != "image":
        problems.add(
            Code.INVALID_COMBINATION,
            "Vmie.Method",
            "Vmie.Method and Vmie.ImportTaskId do not go together: a task that runs already has its method.",
        )
    if options.get("Attempts", 1) != 1 and not parameters.keys() & {"DiskContainers", "DiskContainer"}:
        problems.add(
            Code.INVALID_COMBINATION,
            "Vmie.Attempts",
            "Vmie.Attempts with Vmie.ImportTaskId needs the containers too: a further attempt starts a task.",
        )
