"""The import service's ports, on this cloud's public endpoint and on moto's EC2."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_local.clock import Clock
from vmie_local.disk_images.errors import DecodingCancelledError
from vmie_local.iam_policy import PolicyError, evaluate, may_assume
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import.ports import FetchRefusedError, NewImage, NewSnapshot, ServiceRole
from vmie_local.vm_import.task import TaskFault

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

DEFAULT_FAULT_PHASE = "converting"
"""Where a task fails if the fault does not say."""
_CHUNK = 1 << 20


class CloudObjects:
    """S3 as the service role reaches it, so that its calls are checked and recorded like everybody's."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud

    def bucket_region(self, bucket: str) -> str | None:
        """Where a bucket lies, or None if there is no such bucket."""
        try:
            answer = self._cloud.client("s3").get_bucket_location(Bucket=bucket)
        except ClientError:
            return None
        return str(answer.get("LocationConstraint") or "us-east-1")

    def fetch(
        self, place: Place, role_arn: str, bucket: str, key: str, target: Path, cancelled: threading.Event
    ) -> None:
        """Write an object to disk, a megabyte at a time.

        Raises:
            FetchRefusedError: If S3 refuses.
            DecodingCancelledError: If it was cancelled.
        """
        client = self._cloud.client("s3", region=place.region, role_arn=role_arn)
        try:
            body = client.get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            raise FetchRefusedError(int(error.response["ResponseMetadata"]["HTTPStatusCode"])) from error
        with body, target.open("wb") as file:
            for chunk in body.iter_chunks(_CHUNK):
                if cancelled.is_set():
                    raise DecodingCancelledError
                file.write(chunk)


class CloudRoles:
    """IAM's roles and the language of its policies."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud
        self._changed: dict[str, float] = {}

    def note_change(self, role_name: str) -> None:
        """Remember that a role was changed just now."""
        self._changed[role_name] = self._cloud.clock.now()

    def find(self, account: str, name: str) -> ServiceRole | None:  # noqa: ARG002 - one account
        """A role by name."""
        iam = self._cloud.client("iam")
        try:
            role = iam.get_role(RoleName=name)["Role"]
        except ClientError:
            return None
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return ServiceRole(
            arn=role["Arn"],
            trust_policy=role["AssumeRolePolicyDocument"],
            policies=[*_inline(iam, name), *_attached(iam, name)],
            boundary=_managed(iam, boundary) if boundary else None,
            changed_at=self._changed.get(name, self._created(role["CreateDate"])),
        )

    def may_assume(self, role: ServiceRole, service: str, context: Mapping[str, str]) -> bool:
        """Whether the trust policy lets an AWS service assume the role."""
        try:
            return may_assume(role.trust_policy, service, context).allowed
        except PolicyError:
            return False

    def allows(self, role: ServiceRole, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Whether the role's policies, and its boundary if it has one, allow an action."""
        try:
            return evaluate(role.policies, action, resource, context).allowed and (
                role.boundary is None or evaluate([role.boundary], action, resource, context).allowed
            )
        except PolicyError:
            return False

    def _created(self, moment: datetime) -> float:
        """A moment that moto stamped with the wall clock, on the cloud's clock."""
        clock = self._cloud.clock
        return clock.now() - (time.time() - moment.timestamp()) / clock.scale


def _inline(iam: Any, role: str) -> list[Mapping[str, Any]]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    names = [name for page in pages for name in page["PolicyNames"]]
    return [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]


def _attached(iam: Any, role: str) -> list[Mapping[str, Any]]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [_managed(iam, policy["PolicyArn"]) for page in pages for policy in page["AttachedPolicies"]]


def _managed(iam: Any, arn: str) -> Mapping[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document: Mapping[str, Any] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    return document


class Ec2Registry:
    """EC2's images, snapshots and tags."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def encrypts_by_default(self, place: Place) -> bool:
        """Whether EBS encryption by default is on."""
        return ec2.encrypts_by_default(place.account, place.region)

    def snapshot_size(self, place: Place, snapshot_id: str) -> int | None:
        """The GiB of a snapshot, or None if there is no such snapshot."""
        return ec2.snapshot_size(place.account, place.region, snapshot_id)

    def add_snapshot(self, place: Place, snapshot: NewSnapshot) -> None:
        """Make a snapshot visible."""
        ec2.add_snapshot(
            place.account,
            place.region,
            snapshot.id,
            volume_size=snapshot.volume_size,
            description=snapshot.description,
            encrypted=snapshot.encrypted,
            kms_key_id=snapshot.kms_key_id,
            at=self._clock.now(),
        )

    def remove_snapshot(self, place: Place, snapshot_id: str) -> None:
        """Make a snapshot disappear."""
        ec2.remove_snapshot(place.account, place.region, snapshot_id)

    def add_image(self, place: Place, image: NewImage) -> str:
        """Make an AMI visible; returns its id."""
        return ec2.add_image(
            place.account,
            place.region,
            devices=[ec2.BlockDevice(name, snapshot_id) for name, snapshot_id in image.devices],
            name=image.name,
            description=image.description,
            architecture=image.architecture,
            boot_mode=image.boot_mode,
            windows=image.windows,
            platform_details=image.platform_details,
            usage_operation=image.usage_operation,
            at=self._clock.now(),
        )

    def tags_of(self, place: Place, resource_id: str) -> dict[str, str]:
        """The tags of a resource."""
        return ec2.tags_of(place.account, place.region, resource_id)

    def tag(self, place: Place, resource_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a resource."""
        ec2.tag(place.account, place.region, resource_id, tags)

    def untag(self, place: Place, resource_id: str) -> None:
        """Forget every tag of a resource."""
        ec2.untag(place.account, place.region, resource_id)


class CloudFaults:
    """Failures asked for at the front door."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud

    def take(self, operation: str) -> TaskFault | None:
        """The fault for a task that begins now, or None."""
        faults = getattr(self._cloud.front_door, "faults", None)
        fault = faults.take_task_fault(operation) if faults else None
        if fault is None:
            return None
        return TaskFault(fault.status_message, fault.phase or DEFAULT_FAULT_PHASE, fault.stall)


class CloudKeys:
    """KMS."""

    def usable(self, place: Place, key_id: str) -> bool:
        """Whether a key exists in the Region and is enabled."""
        return ec2.key_is_enabled(place.account, place.region, key_id)
