"""What exports need of S3 and of EC2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vmie_local.blocks import SnapshotBlocks
from vmie_local.place import Place


class StoreRefusedError(Exception):
    """S3 did not take an object."""

    def __init__(self, http_status: int, code: str) -> None:
        super().__init__(f"S3 answered {http_status} {code}")
        self.http_status, self.code = http_status, code


@dataclass(frozen=True)
class BucketControls:
    """Where a bucket lies and what decides who may write to it from outside its account.

    Attributes:
        account: Whose it is.
        region: Where it lies.
        ownership: Its object ownership; None where its owner has deleted the rule, so that ACLs count.
        grants: Its ACL: canonical user id, or URI of a group, and permission.
        policy: Its policy as JSON text, if it has one.
        encryption: Its default encryption: `AES256`, `aws:kms` or `aws:kms:dsse`.
    """

    account: str
    region: str
    ownership: str | None
    grants: Sequence[tuple[str, str]]
    policy: str | None
    encryption: str


class Upload(Protocol):
    """A file on its way into a bucket; nobody sees an object before it is finished."""

    def finish(self) -> None:
        """Make the object.

        Raises:
            StoreRefusedError: If S3 refuses.
        """

    def discard(self) -> None:
        """Forget it; after `finish`, or twice, nothing happens."""


class Buckets(Protocol):
    """S3, as the service reaches it: by its role, or where there is none as the Region's export service."""

    def controls(self, bucket: str) -> BucketControls | None:
        """A bucket's controls, or None if there is no such bucket."""

    def write_probe(self, place: Place, role_arn: str | None, bucket: str, key: str) -> None:
        """Write an empty object.

        Raises:
            StoreRefusedError: If S3 refuses.
        """

    def upload(self, place: Place, role_arn: str | None, bucket: str, key: str, file: Path) -> Upload:
        """Send a file, which is gone afterwards.

        Raises:
            StoreRefusedError: If S3 refuses.
        """


@dataclass(frozen=True)
class Disk:
    """One EBS volume of an image or an instance.

    Attributes:
        device: Its device name.
        size: GiB.
        snapshot_id: The snapshot it comes from, if any.
        snapshot_owner: Whose that snapshot is; None if it is gone.
        encrypted: Whether it is encrypted.
        volume_id: The volume; None for a disk of an image.
    """

    device: str
    size: int
    snapshot_id: str | None = None
    snapshot_owner: str | None = None
    encrypted: bool = False
    volume_id: str | None = None


@dataclass(frozen=True)
class Machine:
    """An AMI or an instance, as far as it decides whether it can be exported.

    Attributes:
        id: `ami-…` or `i-…`.
        owner: The account it belongs to.
        state: As EC2 shows it.
        disks: Its EBS volumes.
        instance_store: Whether its root device is an instance store volume.
        marketplace: Whether it has product codes.
        windows: Whether its platform is Windows.
        boot_mode: `legacy-bios`, `uefi` or `uefi-preferred`.
        network_interfaces: How many an instance has; 1 for an image.
        name: What people call it.
        cpus: An instance's virtual processors.
        memory: An instance's memory in MiB.
    """

    id: str
    owner: str
    state: str
    disks: tuple[Disk, ...]
    instance_store: bool = False
    marketplace: bool = False
    windows: bool = False
    boot_mode: str = "legacy-bios"
    network_interfaces: int = 1
    name: str = ""
    cpus: int = 1
    memory: int = 1024


class Machines(Protocol):
    """EC2's images and instances."""

    def image(self, place: Place, image_id: str) -> Machine:
        """An AMI.

        Raises:
            ApiError: If there is none of this id.
        """

    def instance(self, place: Place, instance_id: str) -> Machine:
        """An instance.

        Raises:
            ApiError: If there is none of this id.
        """

    def blocks(self, place: Place, disk: Disk) -> SnapshotBlocks | None:
        """What a disk holds, or None if nobody ever wrote to it."""
