"""What a request names that may belong to somebody else: a table of places in the six operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Subject(Enum):
    """A kind of thing that a request may name.

    Each has the code of its rejection, its name in a sentence, the field of `Allowed` and the construct's
    setting that permit it; the setting is empty where there is none, and the field too where nothing permits.
    """

    SOURCE_BUCKET = ("BucketNotAllowed", "bucket", "source_buckets", "allowed_source_buckets")
    SOURCE_URL = ("SourceNotAllowed", "source", "source_buckets", "allowed_source_buckets")
    EXPORT_BUCKET = ("ExportBucketNotAllowed", "export bucket", "", "")
    SNAPSHOT = ("SnapshotNotAllowed", "snapshot", "snapshots", "allowed_snapshots")
    IMAGE = ("ImageNotAllowed", "AMI", "images", "allowed_images")
    INSTANCE = ("InstanceNotAllowed", "instance", "instances", "allowed_instances")
    KMS_KEY = ("KeyNotAllowed", "KMS key", "kms_keys", "allowed_kms_keys")
    ROLE = ("RoleNotAllowed", "service role", "role_names", "allowed_service_roles")
    LICENSE_CONFIGURATION = (
        "LicenseConfigurationNotAllowed",
        "licence configuration",
        "license_configurations",
        "allowed_license_configurations",
    )
    AVAILABILITY_ZONE = (
        "AvailabilityZoneNotAllowed",
        "Availability Zone",
        "availability_zones",
        "allowed_availability_zones",
    )
    SUBNET = ("SubnetNotAllowed", "subnet", "subnets", "allowed_subnets")
    SECURITY_GROUP = (
        "SecurityGroupNotAllowed",
        "security group",
        "security_groups",
        "allowed_security_groups",
    )
    PLACEMENT = ("PlacementNotAllowed", "host, placement group or Outpost", "", "")
    TENANCY = ("PlacementNotAllowed", "tenancy", "", "")
    REGION = ("RegionNotAllowed", "Region", "regions", "")
    ACCOUNT = ("AccountNotAllowed", "account", "account_ids", "")
    ORGANIZATION = (
        "OrganizationNotAllowed",
        "organisation",
        "organization_arns",
        "",
    )
    PARAMETER = ("ParameterNotAllowed", "SSM parameter", "parameter_paths", "")
    IMPORT_TASK = ("ImportTaskNotAllowed", "import task", "import_tasks", "allowed_import_tasks")

    def __init__(self, code: str, words: str, entries: str, setting: str) -> None:
        self.code, self.words, self.entries, self.setting = code, words, entries, setting

    @property
    def remedy(self) -> str:
        """How it could be allowed, as the end of a sentence."""
        if not self.setting:
            return "; no setting allows it"
        return f"; the setting {self.setting} would"


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One thing that a request names.

    Attributes:
        subject: What it is.
        path: Where the request names it, such as `DiskContainers[0].UserBucket.S3Bucket`.
        value: The name.
    """

    subject: Subject
    path: str
    value: str


_ZONE = Subject.AVAILABILITY_ZONE
_PLACEMENT = {
    "LaunchSpecification.Placement.AvailabilityZone": _ZONE,
    "LaunchSpecification.Placement.AvailabilityZoneId": _ZONE,
    "LaunchSpecification.Placement.GroupId": Subject.PLACEMENT,
    "LaunchSpecification.Placement.GroupName": Subject.PLACEMENT,
    "LaunchSpecification.Placement.HostId": Subject.PLACEMENT,
    "LaunchSpecification.Placement.HostResourceGroupArn": Subject.PLACEMENT,
    "LaunchSpecification.Placement.Tenancy": Subject.TENANCY,
}
PARAMETERS: dict[str, dict[str, Subject]] = {
    "ImportImage": {
        "DiskContainers[].UserBucket.S3Bucket": Subject.SOURCE_BUCKET,
        "DiskContainers[].Url": Subject.SOURCE_URL,
        "DiskContainers[].SnapshotId": Subject.SNAPSHOT,
        "KmsKeyId": Subject.KMS_KEY,
        "LicenseSpecifications[].LicenseConfigurationArn": Subject.LICENSE_CONFIGURATION,
    },
    "ImportSnapshot": {
        "DiskContainer.UserBucket.S3Bucket": Subject.SOURCE_BUCKET,
        "DiskContainer.Url": Subject.SOURCE_URL,
        "KmsKeyId": Subject.KMS_KEY,
    },
    "ImportInstance": {
        "DiskImages[].Image.ImportManifestUrl": Subject.SOURCE_URL,
        "LaunchSpecification.SubnetId": Subject.SUBNET,
        "LaunchSpecification.GroupIds[]": Subject.SECURITY_GROUP,
        "LaunchSpecification.GroupNames[]": Subject.SECURITY_GROUP,
        **_PLACEMENT,
    },
    "ImportVolume": {
        "Image.ImportManifestUrl": Subject.SOURCE_URL,
        "AvailabilityZone": _ZONE,
        "AvailabilityZoneId": _ZONE,
    },
    "ExportImage": {"ImageId": Subject.IMAGE, "S3ExportLocation.S3Bucket": Subject.EXPORT_BUCKET},
    "CreateInstanceExportTask": {
        "InstanceId": Subject.INSTANCE,
        "ExportToS3Task.S3Bucket": Subject.EXPORT_BUCKET,
    },
}
"""Operation → place in its parameters → what is named there."""

OPTIONS: dict[str, Subject] = {
    "ImportTaskId": Subject.IMPORT_TASK,
    "CreateVolume.AvailabilityZone": _ZONE,
    "CreateVolume.AvailabilityZoneId": _ZONE,
    "CreateVolume.KmsKeyId": Subject.KMS_KEY,
    "CreateVolume.SnapshotId": Subject.SNAPSHOT,
    "CreateVolume.OutpostArn": Subject.PLACEMENT,
    "AttachVolume.InstanceId": Subject.INSTANCE,
    "Distribution.Regions[]": Subject.REGION,
    "Distribution.AccountIds[]": Subject.ACCOUNT,
    "Distribution.OrganizationArns[]": Subject.ORGANIZATION,
    "Distribution.Parameter": Subject.PARAMETER,
}
"""Place in a request's `Vmie` → what is named there."""


def mentions(
    operation: str, parameters: dict[str, Any], options: dict[str, Any], role_name: str | None
) -> Iterator[Mention]:
    """Everything of somebody else's that a request names.

    Args:
        operation: The EC2 operation.
        parameters: Its parameters.
        options: The request's `Vmie`.
        role_name: The service role that it names.
    """
    if role_name is not None:
        yield Mention(subject=Subject.ROLE, path="RoleName", value=role_name)
    for place, subject in PARAMETERS[operation].items():
        for path, value in _values_at(parameters, place.split(".")):
            yield Mention(subject=subject, path=path, value=str(value))
    for place, subject in OPTIONS.items():
        for path, value in _values_at(options, place.split(".")):
            yield Mention(subject=subject, path=f"Vmie.{path}", value=str(value))


def _values_at(document: Any, names: list[str], path: str = "") -> Iterator[tuple[str, Any]]:
    if not names:
        yield path, document
        return
    name = names[0].removesuffix("[]")
    if not isinstance(document, dict) or name not in document:
        return
    if "Url" in document and "UserBucket" in document:  # The object that the `Url` of the request names.
        if name == "UserBucket":
            yield from ((f"{path}.Url", value) for _, value in _values_at(document[name], names[1:]))
        return
    here, value = f"{path}.{name}" if path else name, document[name]
    if name == names[0]:
        yield from _values_at(value, names[1:], here)
        return
    for number, element in enumerate(value if isinstance(value, list) else [value]):
        yield from _values_at(element, names[1:], f"{here}[{number}]")
