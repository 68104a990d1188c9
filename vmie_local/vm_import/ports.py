"""What the import service needs of the rest of the cloud."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vmie_local.blocks.ports import Snapshot
from vmie_local.iam_policy.evaluation import Document
from vmie_local.place import Place
from vmie_local.vm_import.task import TaskFault


class FetchRefusedError(Exception):
    """S3 did not give an object."""

    def __init__(self, http_status: int) -> None:
        super().__init__(f"S3 answered {http_status}")
        self.http_status = http_status


@dataclass(frozen=True)
class ServiceRole:
    """An IAM role as the service sees it.

    Attributes:
        arn: Its ARN.
        trust_policy: Who may assume it.
        policies: Its identity policies.
        boundary: Its permissions boundary, if any.
        changed_at: When it was last changed, on the cloud's clock.
    """

    arn: str
    trust_policy: Mapping[str, Any]
    policies: Sequence[Document]
    boundary: Document | None
    changed_at: float


class Roles(Protocol):
    """IAM's roles and the language of its policies."""

    def find(self, account: str, name: str) -> ServiceRole | None:
        """A role by name."""

    def may_assume(self, role: ServiceRole, service: str, context: Mapping[str, str]) -> bool:
        """Whether the trust policy lets an AWS service assume the role."""

    def allows(self, role: ServiceRole, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Whether the role's policies allow an action."""


class Objects(Protocol):
    """S3, as the service role reaches it."""

    def bucket_region(self, role_arn: str, bucket: str) -> str | None:
        """Where a bucket lies, or None if there is no such bucket."""

    def fetch(
        self, place: Place, role_arn: str, bucket: str, key: str, target: Path, cancelled: threading.Event
    ) -> None:
        """Write an object to disk.

        Raises:
            FetchRefusedError: If S3 refuses.
        """


class Keys(Protocol):
    """KMS."""

    def usable(self, place: Place, key_id: str) -> bool:
        """Whether a key exists in the Region and is enabled."""


@dataclass(frozen=True)
class NewSnapshot:
    """A snapshot to show in EC2.

    Attributes:
        id: `snap-…`.
        volume_size: GiB.
        description: Its description.
        encrypted: Whether it is encrypted.
        kms_key_id: With which key; the account's default where None.
    """

    id: str
    volume_size: int
    description: str
    encrypted: bool = False
    kms_key_id: str | None = None


@dataclass(frozen=True)
class NewImage:
    """An AMI to show in EC2.

    Attributes:
        name: Its name.
        description: Its description.
        architecture: `x86_64` or `i386`.
        boot_mode: `legacy-bios` or `uefi`.
        windows: Whether its platform is Windows.
        platform_details: As EC2 bills it.
        usage_operation: As EC2 bills it.
        devices: Device name and snapshot id, the root device first.
    """

    name: str
    description: str
    architecture: str
    boot_mode: str
    windows: bool
    platform_details: str
    usage_operation: str
    devices: Sequence[tuple[str, str]]


class Registry(Protocol):
    """EC2's images, snapshots and tags."""

    def encrypts_by_default(self, place: Place) -> bool:
        """Whether the account encrypts every new volume and snapshot of the Region."""

    def snapshot(self, place: Place, snapshot_id: str) -> Snapshot | None:
        """A snapshot, or None if there is none of this id."""

    def add_snapshot(self, place: Place, snapshot: NewSnapshot) -> None:
        """Make a snapshot visible."""

    def remove_snapshot(self, place: Place, snapshot_id: str) -> None:
        """Make a snapshot disappear."""

    def add_image(self, place: Place, image: NewImage) -> str:
        """Make an AMI visible; returns its id."""

    def tags_of(self, place: Place, resource_id: str) -> dict[str, str]:
        """The tags of a resource."""

    def tag(self, place: Place, resource_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a resource."""

    def untag(self, place: Place, resource_id: str) -> None:
        """Forget every tag of a resource."""


class Faults(Protocol):
    """Failures asked for from outside."""

    def take(self, operation: str) -> TaskFault | None:
        """The fault for a task that begins now, or None."""
