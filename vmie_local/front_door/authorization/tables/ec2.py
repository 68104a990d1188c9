"""Amazon EC2: VM Import/Export, images, snapshots, volumes and instances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import (
    Requirement,
    Row,
    Table,
    anywhere,
    partition,
    role_arn,
    tag_context,
)

Resources = Callable[[ApiCall], Iterable[str]]
Keys = Callable[[ApiCall], Mapping[str, Any]]

_WITHOUT_ACCOUNT = ("image", "snapshot")
_BY_PREFIX = {
    "ami": "image",
    "eni": "network-interface",
    "export-ami": "export-image-task",
    "export-i": "export-instance-task",
    "i": "instance",
    "import-ami": "import-image-task",
    "import-snap": "import-snapshot-task",
    "key": "key-pair",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
"""Prefixes of ids and the resource types of the ARNs."""

_DEFAULT_SERVICE_ROLE = "vmimport"


def resource_arn(call: ApiCall, kind: str, identifier: str = "*", region: str | None = None) -> str:
    """The ARN of an EC2 resource; `*` stands for one that the call is about to make."""
    account = "" if kind in _WITHOUT_ACCOUNT else call.account
    where = region or call.region
    return f"arn:{partition(where)}:ec2:{where}:{account}:{kind}/{identifier}"


def by_id(call: ApiCall, identifier: str) -> str:
    """The ARN of the resource that an id names.

    `import-ami-0123…` is an import-image-task; an unknown prefix becomes the type itself.
    """
    prefix = identifier.rpartition("-")[0] or identifier
    return resource_arn(call, _BY_PREFIX.get(prefix, prefix), identifier)


def _new(*kinds: str) -> Resources:
    """Resources that the call makes."""
    return lambda call: [resource_arn(call, kind) for kind in kinds]


def _given(*members: str) -> Resources:
    """Resources that parameters name by id; a parameter may be a list."""

    def resources(call: ApiCall) -> Iterable[str]:
        for member in members:
            value = call.parameters.get(member)
            for identifier in value if isinstance(value, list) else [value] if value else []:
                yield by_id(call, str(identifier))

    return resources


def _nested(path: str) -> Resources:
    """Resources that list items name by id, such as `BlockDeviceMappings.Ebs.SnapshotId`."""
    outer, *inner = path.split(".")

    def resources(call: ApiCall) -> Iterable[str]:
        for item in call.parameters.get(outer, []):
            value: Any = item
            for name in inner:
                value = value.get(name, {}) if isinstance(value, dict) else {}
            if isinstance(value, str):
                yield by_id(call, value)

    return resources


def _given_tags(arn: str, specifications: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The tags that a call gives a resource: EC2 shows a policy those of what is being made, by its type."""
    kind, _, identifier = arn.rpartition(":")[2].partition("/")
    if identifier != "*":
        return []
    return [tag for one in specifications if one.get("ResourceType") == kind for tag in one.get("Tags", [])]


def _no_keys(_: ApiCall) -> Mapping[str, Any]:
    return {}


def _of_volume(call: ApiCall) -> dict[str, Any]:
    """The condition keys of CreateVolume on the volume, as far as the request tells them."""
    given = call.parameters
    snapshot = given.get("SnapshotId")
    found = {
        "ec2:AvailabilityZone": given.get("AvailabilityZone"),
        "ec2:Encrypted": given.get("Encrypted", False),
        "ec2:ParentSnapshot": resource_arn(call, "snapshot", snapshot) if snapshot else None,
        "ec2:VolumeSize": given.get("Size"),
        "ec2:VolumeType": given.get("VolumeType", "gp2"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _acts_on(action: str, *resources: Resources, passes_role: bool = False, keys: Keys = _no_keys) -> Row:
    """An action on every resource a call touches, with `ec2:CreateTags` for what it tags as it is made.

    Args:
        action: The name of the action.
        resources: Give the ARNs.
        passes_role: Whether the call hands the VM Import/Export service a role: the service checks
            `iam:PassRole`.
        keys: Gives the further condition keys of the resources that the call makes. Default: none.
    """

    def row(call: ApiCall) -> Iterable[Requirement]:
        specifications = call.parameters.get("TagSpecifications", [])
        touched = dict.fromkeys(arn for one in resources for arn in one(call))
        for touched_arn in touched or ("*",):
            context = tag_context(_given_tags(touched_arn, specifications))
            own = keys(call) if touched_arn.endswith("/*") else {}
            yield Requirement(f"ec2:{action}", touched_arn, {**context, **own})
        for one in specifications:
            tags = {"ec2:CreateAction": call.operation, **tag_context(one.get("Tags", []))}
            if one.get("Tags"):
                yield Requirement(
                    "ec2:CreateTags", resource_arn(call, str(one.get("ResourceType", "*"))), tags
                )
        if passes_role:
            name = str(call.parameters.get("RoleName", _DEFAULT_SERVICE_ROLE))
            yield Requirement("iam:PassRole", role_arn(call, name))

    return row


def _tags(action: str) -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        context = tag_context(call.parameters.get("Tags", []))
        for identifier in call.parameters.get("Resources", []):
            yield Requirement(f"ec2:{action}", by_id(call, str(identifier)), context)

    return row


def _copied_image(call: ApiCall) -> Iterable[str]:
    source = str(call.parameters.get("SourceImageId", "*"))
    return [resource_arn(call, "image", source, call.parameters.get("SourceRegion"))]


def _copied_snapshot(call: ApiCall) -> Iterable[str]:
    source = str(call.parameters.get("SourceSnapshotId", "*"))
    return [resource_arn(call, "snapshot", source, call.parameters.get("SourceRegion"))]


_DESCRIBED_BY_ID = {
    "DescribeImageAttribute": "ImageId",
    "DescribeInstanceAttribute": "InstanceId",
    "DescribeSnapshotAttribute": "SnapshotId",
    "DescribeVolumeAttribute": "VolumeId",
}


def any_describe(operation: str) -> Row:
    """The row of a Describe operation: all but a few name no resource."""
    if member := _DESCRIBED_BY_ID.get(operation):
        return _acts_on(operation, _given(member))
    return anywhere(f"ec2:{operation}")


EC2: Table = {
    "AttachVolume": _acts_on("AttachVolume", _given("InstanceId", "VolumeId")),
    "CancelConversionTask": anywhere("ec2:CancelConversionTask"),
    "CancelExportTask": _acts_on("CancelExportTask", _given("ExportTaskId")),
    "CancelImportTask": _acts_on("CancelImportTask", _given("ImportTaskId")),
    "CopyImage": _acts_on("CopyImage", _copied_image, _new("image", "snapshot")),
    "CopySnapshot": _acts_on("CopySnapshot", _copied_snapshot, _new("snapshot")),
    "CreateImage": _acts_on("CreateImage", _given("InstanceId"), _new("image", "snapshot")),
    "CreateInstanceExportTask": _acts_on(
        "CreateInstanceExportTask", _new("export-instance-task"), _given("InstanceId")
    ),
    "CreateSnapshot": _acts_on("CreateSnapshot", _new("snapshot"), _given("VolumeId")),
    "CreateTags": _tags("CreateTags"),
    "CreateVolume": _acts_on("CreateVolume", _new("volume"), _given("SnapshotId"), keys=_of_volume),
    "DeleteSnapshot": _acts_on("DeleteSnapshot", _given("SnapshotId")),
    "DeleteTags": _tags("DeleteTags"),
    "DeleteVolume": _acts_on("DeleteVolume", _given("VolumeId")),
    "DeregisterImage": _acts_on("DeregisterImage", _given("ImageId")),
    "DetachVolume": _acts_on("DetachVolume", _given("InstanceId", "VolumeId")),
    "ExportImage": _acts_on("ExportImage", _new("export-image-task"), _given("ImageId"), passes_role=True),
    "GetEbsDefaultKmsKeyId": anywhere("ec2:GetEbsDefaultKmsKeyId"),
    "GetEbsEncryptionByDefault": anywhere("ec2:GetEbsEncryptionByDefault"),
    "ImportImage": _acts_on(
        "ImportImage",
        _new("image", "import-image-task"),
        _nested("DiskContainers.SnapshotId"),
        passes_role=True,
    ),
    "ImportInstance": _acts_on("ImportInstance", _new("instance", "volume")),
    "ImportSnapshot": _acts_on("ImportSnapshot", _new("import-snapshot-task", "snapshot"), passes_role=True),
    "ImportVolume": _acts_on("ImportVolume", _new("volume")),
    "ModifyImageAttribute": _acts_on("ModifyImageAttribute", _given("ImageId")),
    "ModifySnapshotAttribute": _acts_on("ModifySnapshotAttribute", _given("SnapshotId")),
    "RegisterImage": _acts_on("RegisterImage", _new("image"), _nested("BlockDeviceMappings.Ebs.SnapshotId")),
    "RunInstances": _acts_on(
        "RunInstances",
        _new("instance", "network-interface", "volume"),
        _given("ImageId", "SecurityGroupIds", "SubnetId"),
    ),
    "StartInstances": _acts_on("StartInstances", _given("InstanceIds")),
    "StopInstances": _acts_on("StopInstances", _given("InstanceIds")),
    "TerminateInstances": _acts_on("TerminateInstances", _given("InstanceIds")),
}
