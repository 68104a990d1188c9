"""What an entry of an `allowed_*` setting may look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Token

_HEX = "[0-9a-f]"


@dataclass(frozen=True)
class EntryForm:
    """How the entries of one setting are written.

    Attributes:
        name: What an entry is, in a sentence.
        example: One of them.
        pattern: Matches a whole entry.
        prefix: Where entries may end in `*` and so stand for all that begin alike, what even the shortest of
            them begins with. Default: no entry may.
        any: Whether `*` alone may stand for every one. Default: it may.
    """

    name: str
    example: str
    pattern: str
    prefix: str | None = None
    any: bool = True

    def check(self, setting: str, entries: Sequence[str]) -> None:
        """Refuse entries that could never match, or would match more than they seem to.

        Raises:
            TypeError: the setting is no list.
            ValueError: an entry is of another form, or the list is known at deployment only.
        """
        if isinstance(entries, str):
            raise TypeError(f"{setting} is the text {entries!r}; give a list: [{entries!r}].")
        if Token.is_unresolved(list(entries)):
            raise ValueError(
                f"{setting} is a list that is known at deployment only; permissions need its entries at"
                " synthesis. Give a list of entries, which may be tokens themselves."
            )
        for entry in entries:
            if not Token.is_unresolved(entry) and not self._is_well_formed(entry):
                raise ValueError(f"{setting} holds {entry!r}: {self._expectation}.")

    def _is_well_formed(self, entry: str) -> bool:
        if entry == "*":
            return self.any
        if self.prefix is not None and entry.endswith("*"):
            return entry.startswith(self.prefix) and re.fullmatch("[0-9a-z-]+", entry[:-1]) is not None
        return re.fullmatch(self.pattern, entry) is not None

    @property
    def _expectation(self) -> str:
        ways = [f"{self.name} looks like {self.example}"]
        if self.prefix is not None:
            ways.append("an ending * stands for all that begin alike")
        if self.any:
            ways.append("* alone stands for every one")
        return "; ".join(ways)


ENTRY_FORMS: dict[str, EntryForm] = {
    "allowed_license_configurations": EntryForm(
        "the ARN of a License Manager configuration",
        "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:lic-0123456789abcdef",
        rf"arn:aws[a-z-]*:license-manager:[a-z0-9-]+:\d{{12}}:license-configuration[:/]lic-{_HEX}+",
        # The service role's permission goes by ARN.
        any=False,
    ),
    "allowed_availability_zones": EntryForm(
        "an Availability Zone, by name or id",
        "eu-west-1a or euw1-az1",
        # Of a Region, a Local Zone (us-west-2-lax-1a, usw2-lax1-az1) or a Wavelength Zone.
        r"[a-z][a-z0-9]*(-[a-z0-9]+)*(-\d[a-z]|-az\d+|-wlz-?\d+)",
    ),
    "allowed_subnets": EntryForm("a subnet", "subnet-0123456789abcdef0", f"subnet-{_HEX}+", "subnet-"),
    "allowed_security_groups": EntryForm(
        "a security group, by id or name", "sg-0123456789abcdef0", r"[^*]{1,255}", "sg-"
    ),
    "allowed_instances": EntryForm("an instance", "i-0123456789abcdef0", f"i-{_HEX}+", "i-"),
    "allowed_snapshots": EntryForm("a snapshot", "snap-0123456789abcdef0", f"snap-{_HEX}+", "snap-"),
    "allowed_images": EntryForm("an AMI", "ami-0123456789abcdef0", f"ami-{_HEX}+", "ami-"),
    "allowed_import_tasks": EntryForm(
        "an import task",
        "import-ami-0123456789abcdef0 or import-snap-0123456789abcdef0",
        "import-(ami|snap|i|vol)-[0-9a-z]+",
        "import-",
    ),
}
"""Setting → form of its entries."""
