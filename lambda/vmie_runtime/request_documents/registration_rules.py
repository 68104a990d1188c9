"""What RegisterImage takes: known to fail after an hour's import, so held against it before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vmie_runtime.request_documents.options import IMAGE_IMPORT
from vmie_runtime.request_documents.problems import Code, Problems

ROOT_DEVICE = "/dev/sda1"
"""The root device of an image that is registered without another name for it."""


def check_registration(
    operation: str, parameters: dict[str, Any], options: dict[str, Any], problems: Problems
) -> None:
    """Check what a request says of the image that is going to be registered, with what else it says.

    What the stack's defaults and the inspection add is checked once they are known: `check_registered`.
    """
    image = options.get("RegisterImage", {})
    for name in ("BootMode", "Architecture"):
        if name in image and parameters.get(name, image[name]) != image[name]:
            problems.add(
                Code.INVALID_COMBINATION,
                f"Vmie.RegisterImage.{name}",
                f"{name} and Vmie.RegisterImage.{name} differ: an image has one. Leave one of them out.",
            )
            return
    known: dict[str, Any] = {
        name: parameters[name] for name in ("BootMode", "Architecture") if name in parameters
    }
    if image:
        _modes({**known, **image}, image, problems)
    if operation == IMAGE_IMPORT and options.get("Method") == "snapshot":
        _devices(parameters.get("DiskContainers", ()), image, problems)


def check_registered(
    registered: Mapping[str, Any],
    asked: Mapping[str, Any],
    containers: Sequence[Mapping[str, Any]],
    problems: Problems,
) -> None:
    """Check what RegisterImage is going to be called with.

    Args:
        registered: Its parameters, from request, defaults and inspection; without the block devices.
        asked: Those that the request's `Vmie.RegisterImage` gives.
        containers: The disks.
        problems: Takes what is found.
    """
    _modes(registered, asked, problems)
    # EC2 User Guide, "Requirements for using NitroTPM": the AMI must be configured for UEFI.
    if "TpmSupport" in registered and "BootMode" not in registered:
        problems.add(
            Code.INVALID_COMBINATION,
            "Vmie.RegisterImage.TpmSupport",
            "Vmie.RegisterImage.TpmSupport needs an image that boots by UEFI, and neither request nor stack "
            'nor inspection says so: add Vmie.RegisterImage.BootMode "uefi", or leave TpmSupport out.',
        )
    _devices(containers, asked, problems)


def _modes(registered: Mapping[str, Any], asked: Mapping[str, Any], problems: Problems) -> None:
    if registered.get("BootMode") != "legacy-bios":
        return
    named = _path("BootMode", asked)
    for name, value in (("TpmSupport", "v2.0"), ("Architecture", "arm64")):
        if registered.get(name) == value:
            problems.add(
                Code.INVALID_COMBINATION,
                _path(name, asked),
                f'{_path(name, asked)} "{value}" does not go with {named} "legacy-bios": it needs "uefi".',
            )


def _path(name: str, asked: Mapping[str, Any]) -> str:
    return f"Vmie.RegisterImage.{name}" if name in asked else name


def _devices(containers: Sequence[Mapping[str, Any]], asked: Mapping[str, Any], problems: Problems) -> None:
    """Check that no two disks have one device; the first disk becomes the root, whatever it is called."""
    taken = {asked.get("RootDeviceName", ROOT_DEVICE): "the root device, which is the first disk"}
    for number, container in enumerate(containers[1:], start=1):
        at, device = f"DiskContainers[{number}].DeviceName", container.get("DeviceName")
        if device is None:
            continue
        if device in taken:
            problems.add(
                Code.INVALID_COMBINATION,
                at,
                f'{at} "{device}" is taken by {taken[device]}: give each disk a name of its own, or none.',
            )
        taken.setdefault(device, f"DiskContainers[{number}]")
