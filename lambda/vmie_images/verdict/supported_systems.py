"""The systems that VM Import/Export supports, and whether a guest is one of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("supported_systems.json")


class Support(Enum):
    """How a guest stands to the table."""

    LISTED = "listed"
    BETWEEN_LISTED = "between listed releases, with the kernel of one of them"
    KERNEL_DIFFERS = "another kernel than its row has"
    RELEASE_OUTSIDE = "a release outside the table, or between listed ones with a kernel of its own"
    SYSTEM_UNKNOWN = "a system that is not in the table"


@dataclass(frozen=True)
class Standing:
    """How a guest stands to the table: the support, the kernels that would do, and whether its vendor ended
    it."""

    support: Support
    kernels: tuple[str, ...] = ()
    deprecated: bool = False


@cache
def table() -> dict[str, list[dict[str, Any]]]:
    """The table: rows of ``linux`` and ``windows``."""
    rows: dict[str, list[dict[str, Any]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return rows


def linux_standing(family: str, version: str | None, kernel: str | None) -> Standing:
    """How a Linux distribution's release and kernel stand to the table.

    Args:
        family: As the table calls it.
        version: The release, such as ``12.7``.
        kernel: As ``uname -r`` prints it; ``None`` where it is not known, and then not held against the
            guest.
    """
    rows = [row for row in table()["linux"] if row["family"] == family]
    if not rows:
        return Standing(Support.SYSTEM_UNKNOWN)
    matching = [row for row in rows if _covers(row, version)]
    near = matching or [row for row in rows if _same_major(row, version)]
    kernels = tuple(dict.fromkeys(kernel for row in near for kernel in row["kernels"]))
    fits = kernel is None or any(_kernel_fits(row, kernel) for row in near)
    deprecated = bool(matching) and all(row.get("eol") for row in matching)
    if not fits and matching:
        return Standing(Support.KERNEL_DIFFERS, kernels, deprecated)
    if not near or not fits:
        # A neighbour's kernel says nothing about a release without a row of its own.
        return Standing(Support.RELEASE_OUTSIDE)
    return Standing(Support.LISTED if matching else Support.BETWEEN_LISTED, kernels, deprecated)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version))


def _covers(row: dict[str, Any], version: str | None) -> bool:
    """Whether a row's releases (``5``, ``12.7``, ``8.0-8.9``) and service packs include a release."""
    listed = row.get("versions")
    if listed is None:
        return True
    if version is None:
        return False
    given = _numbers(version)
    if "service_packs" in row:
        pack = str(given[1]) if len(given) > 1 and given[1] else "none"
        return given[:1] == _numbers(listed)[:1] and pack in row["service_packs"]
    first, _, last = listed.partition("-")
    low, high = _numbers(first), _numbers(last or first)
    if len(given) < len(low):
        # A guest that says only 9 may be any 9.x.
        return given == low[: len(given)] or given == high[: len(given)]
    return low <= given[: len(low)] and given[: len(high)] <= high


def _same_major(row: dict[str, Any], version: str | None) -> bool:
    listed = row.get("versions") or ""
    return version is not None and _numbers(version)[:1] == _numbers(listed)[:1]


def _kernel_fits(row: dict[str, Any], kernel: str) -> bool:
    if any(kernel.startswith(excluded) for excluded in row.get("excluded_kernels", ())):
        return False
    return any(_matches(pattern, kernel) for pattern in row["kernels"])


def _matches(pattern: str, kernel: str) -> bool:
    """``4.18.0``, or Oracle's ``RHCK:4.18.0``, ``UEK:5.15.0 (el8uek)`` and ``UEK:el5uek``."""
    flavour, colon, rest = pattern.rpartition(":")
    if colon and (flavour == "UEK") != ("uek" in kernel):
        return False
    prefix = rest.split()[0]
    if not prefix[0].isdigit():
        return prefix in kernel
    return kernel.startswith(prefix) and not kernel[len(prefix) : len(prefix) + 1].isdigit()


def windows_row(family: str | None, edition: str | None) -> dict[str, Any] | None:
    """The row of a Windows edition; ``None`` where there is none."""
    for row in table()["windows"]:
        same = row["family"].partition(" (")[0] == family
        if same and (edition is None or edition in row["editions"]):
            return row
    return None
