"""Whether the service role can be used, decided before a task is accepted."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from vmie_local.front_door.authorization.requirement import partition
from vmie_local.place import Place
from vmie_local.settings import IamMode
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.ports import Roles, ServiceRole

DEFAULT_ROLE = "vmimport"
SERVICE_PRINCIPAL = "vmie.amazonaws.com"
EXTERNAL_ID = "vmimport"

_log = logging.getLogger(__name__)

EC2_ACTIONS = (
    "ec2:ModifySnapshotAttribute",
    "ec2:CopySnapshot",
    "ec2:RegisterImage",
    "ec2:DescribeImages",
    "ec2:DescribeSnapshots",
)
"""What the user guide grants on `*`; of `ec2:Describe*` the two that no task can do without."""
EXPORT_BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:ListBucket", "s3:GetBucketAcl")
"""What the user guide grants on the bucket of an export."""
WRITE_PROBE = "vmimportexport_write_verification"
"""The empty object that the service writes at a bucket's root before it exports to it."""


class ServiceRoles:
    """Checks service roles as VM Import/Export does: one answer for whatever is wrong."""

    def __init__(
        self,
        roles: Roles,
        *,
        mode: IamMode = "enforce",
        propagation_seconds: float = 10.0,
    ) -> None:
        """Set the rules.

        Args:
            roles: IAM.
            mode: `record` only logs what is wrong with a role, `off` asks for nothing but its existence.
            propagation_seconds: A role changed less than this ago, on the cloud's clock, is not yet seen. IAM
                is eventually consistent: people wait 10 to 30 seconds. 0 sees every change at once.
        """
        self._roles, self._mode = roles, mode
        self.propagation_seconds = propagation_seconds

    def check(self, place: Place, name: str, objects: Iterable[tuple[str, str]], now: float) -> ServiceRole:
        """The role, if it can be assumed and may do what an import from these objects needs.

        Args:
            place: The task's account and Region.
            name: The role's name.
            objects: Bucket and key of each disk.
            now: The cloud's time.

        Raises:
            ApiError: `InvalidParameter`, if it cannot.
        """
        return self._check(place, name, _to_import(place, objects), now)

    def check_export(self, place: Place, name: str, bucket: str, key: str, now: float) -> ServiceRole:
        """The role, if it can be assumed and may do what an export to this object needs.

        Args:
            place: The task's account and Region.
            name: The role's name.
            bucket: The bucket.
            key: The object's key.
            now: The cloud's time.

        Raises:
            ApiError: `InvalidParameter`, if it cannot.
        """
        return self._check(place, name, _to_export(place, bucket, key), now)

    def _check(self, place: Place, name: str, needed: Iterable[tuple[str, str]], now: float) -> ServiceRole:
        role = self._roles.find(place.account, name)
        if role is None:
            raise request_errors.role_insufficient(name)
        flaw = None if self._mode == "off" else self._flaw(place, role, needed, now)
        if flaw:
            _log.warning("The service role %s: %s.", name, flaw)
            if self._mode == "enforce":
                raise request_errors.role_insufficient(name)
        return role

    def _flaw(
        self, place: Place, role: ServiceRole, needed: Iterable[tuple[str, str]], now: float
    ) -> str | None:
        """What is wrong with a role: for our log, because the service does not tell."""
        if now - role.changed_at < self.propagation_seconds:
            return f"changed less than {self.propagation_seconds} seconds ago, which is not yet seen"
        context = {
            "sts:ExternalId": EXTERNAL_ID,
            "aws:SourceAccount": place.account,
            "aws:SourceArn": f"arn:{partition(place.region)}:vmie:{place.region}:{place.account}:*",
        }
        if not self._roles.may_assume(role, SERVICE_PRINCIPAL, context):
            return f"its trust policy does not let {SERVICE_PRINCIPAL} assume it with {context}"
        for action, resource in needed:
            if not self._roles.allows(role, action, resource, {"aws:RequestedRegion": place.region}):
                return f"its policies do not allow {action} on {resource}"
        return None


def _to_import(place: Place, objects: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for bucket, key in objects:
        bucket_arn = f"arn:{partition(place.region)}:s3:::{bucket}"
        yield "s3:GetBucketLocation", bucket_arn
        yield "s3:ListBucket", bucket_arn
        yield "s3:GetObject", f"{bucket_arn}/{key}"
    for action in EC2_ACTIONS:
        yield action, "*"


def _to_export(place: Place, bucket: str, key: str) -> Iterable[tuple[str, str]]:
    bucket_arn = f"arn:{partition(place.region)}:s3:::{bucket}"
    for action in EXPORT_BUCKET_ACTIONS:
        yield action, bucket_arn
    yield "s3:GetObject", f"{bucket_arn}/{key}"
    yield "s3:PutObject", f"{bucket_arn}/{key}"
    yield "s3:PutObject", f"{bucket_arn}/{WRITE_PROBE}"
    for action in EC2_ACTIONS:
        yield action, "*"
