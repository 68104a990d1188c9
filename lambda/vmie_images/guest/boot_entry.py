"""What a boot loader would start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BootEntry:
    """A boot loader's entry.

    Attributes:
        title: As the menu shows it.
        identifier: Its id, where it has one.
        kernel: The kernel's path as the entry gives it.
        arguments: The kernel's arguments.
        initrds: The paths of its initial file systems, in order.
    """

    title: str
    identifier: str | None
    kernel: str | None
    arguments: str = ""
    initrds: tuple[str, ...] = ()


def argument(arguments: str, name: str) -> str | None:
    """The value of the last ``name=value`` among a kernel's arguments; ``None`` where there is none."""
    values = [word.partition("=")[2] for word in arguments.split() if word.startswith(f"{name}=")]
    return values[-1].strip('"') if values else None
