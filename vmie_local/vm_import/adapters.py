"""The import service's ports, on this cloud's public endpoint and on moto's EC2."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vmie_local.blocks.ports import Snapshot
from vmie_local.clock import Clock
from vmie_local.disk_images.errors import DecodingCancelledError
from vmie_local.front_door.api_call import ApiCall
from vmie_local.iam_policy import PolicyError, evaluate, may_assume
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import.ports import FetchRefusedError, NewImage, NewSnapshot, ServiceRole
from vmie_local.vm_import.task import TaskFault

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

DEFAULT_FAULT_PHASES = {"ImportSnapshot": "downloading/converting"}
"""Where a task fails if the fault does not say, by the operation that starts it; otherwise `converting`."""
_CHUNK = 1 << 20
_READING = ("Get", "List", "Simulate", "Generate")


class CloudObjects:
    """S3 as the service role reaches it, so that its calls are checked and recorded like everybody's."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud

    def bucket_region(self, role_arn: str, bucket: str) -> str | None:
        """Where a bucket lies, or None if there is no such bucket."""
        client = self._cloud.client("s3", role_arn=role_arn)
        try:
            answer = client.get_bucket_location(Bucket=bucket)
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
        """Watch the calls that change roles.

        Args:
            cloud: Its front door tells of each call and knows the policies.
        """
        self._clock, self._identities = cloud.clock, cloud.front_door.identities
        self._changed: dict[str, float] = {}
        cloud.front_door.observe(self._note)

    def find(self, account: str, name: str) -> ServiceRole | None:  # noqa: ARG002 - there is one account
        """A role by name."""
        role = self._identities.role(name)
        if role is None:
            return None
        changed_at = self._changed.get(name, 0.0)
        return ServiceRole(role.arn, role.trust, role.policies, role.boundary, changed_at)

    def may_assume(self, role: ServiceRole, service: str, context: Mapping[str, str]) -> bool:
        """Whether the trust policy lets an AWS service assume the role."""
        try:
            return may_assume(role.trust_policy, service, context).allowed
        except PolicyError:
            return False

    def allows(self, role: ServiceRole, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Whether the role's policies, and its boundary if it has one, allow an action."""
        return evaluate(role.policies, action, resource, context).allowed and (
            role.boundary is None or evaluate([role.boundary], action, resource, context).allowed
        )

    def _note(self, call: ApiCall, status: int) -> None:
        """Remember when a role was changed."""
        changes = call.service == "iam" and not call.operation.startswith(_READING)
        if changes and status == HTTPStatus.OK and call.parameters.get("RoleName"):
            self._changed[str(call.parameters["RoleName"])] = self._clock.now()


class Ec2Registry:
    """EC2's images, snapshots and tags."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def encrypts_by_default(self, place: Place) -> bool:
        """Whether EBS encryption by default is on."""
        return ec2.snapshots.encrypted_by_default(place.account, place.region)

    def snapshot(self, place: Place, snapshot_id: str) -> Snapshot | None:
        """A snapshot, or None if there is none of this id."""
        found = ec2.snapshots.find(place.account, place.region, snapshot_id)
        return Snapshot(**found) if found else None

    def add_snapshot(self, place: Place, snapshot: NewSnapshot) -> None:
        """Make a snapshot visible."""
        ec2.snapshots.add(
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
        ec2.snapshots.remove(place.account, place.region, snapshot_id)

    def add_image(self, place: Place, image: NewImage) -> str:
        """Make an AMI visible; returns its id."""
        devices = tuple(ec2.images.BlockDevice(name, snapshot_id) for name, snapshot_id in image.devices)
        return ec2.images.add(
            place.account,
            place.region,
            ec2.images.Image(
                name=image.name,
                devices=devices,
                root_device=devices[0].name,
                description=image.description,
                architecture=image.architecture,
                boot_mode=image.boot_mode,
                windows=image.windows,
                platform_details=image.platform_details,
                usage_operation=image.usage_operation,
            ),
            at=self._clock.now(),
        )

    def tags_of(self, place: Place, resource_id: str) -> dict[str, str]:
        """The tags of a resource."""
        return ec2.tags.of(place.account, place.region, resource_id)

    def tag(self, place: Place, resource_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a resource."""
        ec2.tags.add(place.account, place.region, resource_id, tags)

    def untag(self, place: Place, resource_id: str) -> None:
        """Forget every tag of a resource."""
        ec2.tags.remove_all(place.account, place.region, resource_id)


class CloudFaults:
    """Failures asked for at the front door."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud

    def take(self, operation: str) -> TaskFault | None:
        """The fault for a task that begins now, or None."""
        fault = self._cloud.front_door.faults.take_task_fault(operation)
        if fault is None:
            return None
        phase = fault.phase or DEFAULT_FAULT_PHASES.get(operation, "converting")
        return TaskFault(fault.status_message or "", phase, fault.stall)


class CloudKeys:
    """KMS."""

    def usable(self, place: Place, key_id: str) -> bool:
        """Whether a key exists in the Region and is enabled."""
        return ec2.keys.is_enabled(place.account, place.region, key_id)
