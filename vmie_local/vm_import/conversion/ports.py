"""What conversion tasks need of the rest of the cloud, beyond what every task does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vmie_local.place import Place


class ForeignUrlError(Exception):
    """A URL that does not lead to this cloud's S3."""


class PresignedUrls(Protocol):
    """S3 through presigned URLs, which is all that a conversion task may do there.

    Every method raises `FetchRefusedError` where S3 refuses, `ForeignUrlError` where the URL leads elsewhere.
    """

    def leads_here(self, url: str) -> bool:
        """Whether a URL leads to this cloud's S3."""

    def read(self, url: str, most: int) -> bytes:
        """The first bytes of an object, at most so many."""

    def download(
        self, url: str, target: Path, cancelled: threading.Event, on_bytes: Callable[[int], None]
    ) -> int:
        """Append an object to a file; returns how many bytes it had.

        Args:
            url: To GET.
            target: The file.
            cancelled: Ends the download when set, with `DecodingCancelledError`.
            on_bytes: Told the size of each piece.
        """

    def exists(self, url: str) -> bool:
        """Whether a HEAD finds an object. Only what is not there yet is False; a refusal raises."""

    def delete(self, url: str) -> None:
        """Delete an object."""


@dataclass(frozen=True)
class NewVolume:
    """A volume to show in EC2.

    Attributes:
        id: `vol-…`.
        size: GiB.
        zone: Its Availability Zone.
        encrypted: Whether it is encrypted, by the account's default key.
    """

    id: str
    size: int
    zone: str
    encrypted: bool = False


@dataclass(frozen=True)
class NewInstance:
    """An instance to show in EC2.

    Attributes:
        instance_type: Its type.
        architecture: `i386` or `x86_64`.
        windows: Whether its platform is Windows.
        zone: Its Availability Zone; that of the subnet where one is named.
        subnet_id: Its subnet. Default: the default one.
        group_ids: Its security groups. Default: the default one.
        private_ip: Its private address. Default: any.
        user_data: As given, in Base64. Default: none.
        monitoring: Whether detailed monitoring is on.
        shutdown_behavior: `stop` or `terminate`.
    """

    instance_type: str
    architecture: str
    windows: bool
    zone: str
    subnet_id: str | None = None
    group_ids: tuple[str, ...] = ()
    private_ip: str | None = None
    user_data: str | None = None
    monitoring: bool = False
    shutdown_behavior: str = "stop"


class Machines(Protocol):
    """EC2's instances, volumes and Availability Zones."""

    def zone(self, place: Place, name_or_id: str) -> str | None:
        """The name of an Availability Zone by its name or its id, or None if the Region has no such zone."""

    def zone_id(self, place: Place, zone: str) -> str:
        """The id of an Availability Zone."""

    def zone_of_subnet(self, place: Place, subnet_id: str) -> str | None:
        """The Availability Zone of a subnet, or None if there is no such subnet."""

    def group(self, place: Place, name_or_id: str) -> str | None:
        """The id of a security group, or None if there is no such group."""

    def encrypts_by_default(self, place: Place) -> bool:
        """Whether the account encrypts every new volume of the Region."""

    def add_instance(self, place: Place, instance: NewInstance) -> str:
        """Show an instance that is `pending` and has no disk; returns its id."""

    def stop_instance(self, place: Place, instance_id: str) -> None:
        """Show an instance as `stopped`."""

    def remove_instance(self, place: Place, instance_id: str) -> None:
        """Show an instance as `terminated`."""

    def add_volume(self, place: Place, volume: NewVolume) -> None:
        """Show a volume."""

    def attach_volume(self, place: Place, volume_id: str, instance_id: str, device: str) -> None:
        """Attach a volume to an instance."""

    def remove_volume(self, place: Place, volume_id: str) -> None:
        """Make a volume disappear, attached or not."""
