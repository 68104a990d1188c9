"""What AWS documents of the parameters in prose, and the model does not say.

Sources: the API reference of each operation, and the VM Import/Export user guide, as of November 2026. The
guide writes some values in lower case (`"Format": "vmdk"`, `--license-type aws`), so those are taken in any
case. What a pipeline can fill in by itself is not required here although EC2 requires it.
"""

from __future__ import annotations

from typing import Any

IMAGE_FORMATS = ("OVA", "VMDK", "VHD", "VHDX", "RAW")
SNAPSHOT_FORMATS = ("VMDK", "VHD", "VHDX", "RAW")

# https://docs.aws.amazon.com/vm-import/latest/userguide/licensing-specify-option.html
WINDOWS_USAGE = (
    "RunInstances:0002",
    "RunInstances:0006",
    "RunInstances:0102",
    "RunInstances:0202",
    "RunInstances:0800",
)
LINUX_USAGE = ("RunInstances", "RunInstances:0100", "RunInstances:0004", "RunInstances:0200")

AMI_NAME = r"[A-Za-z0-9()\[\] ./\-'@_]+"
AMI_NAME_MEANING = "letters, digits, spaces and ()[]./-'@_"
_ID = "-[0-9a-z]{8,32}"


def _one_of(*values: str) -> dict[str, Any]:
    return {"values": values, "any_case": True}


def _id(prefix: str, of: str) -> dict[str, Any]:
    return {"pattern": f"{prefix}{_ID}", "meaning": f"the id of {of} ({prefix}-…)"}


_ROLE_NAME = {"pattern": r"[A-Za-z0-9_+=,.@-]{1,64}", "meaning": "a role's name, without path and ARN"}
_BUCKET = {"pattern": r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]", "meaning": "a bucket's name"}
_KEY_ID = {
    "pattern": r"[A-Za-z0-9:/_.-]{1,2048}",
    "meaning": "a KMS key's id, ARN or alias (alias/…)",
}

# `Shape`, or `Shape.Member` -> fields of a Shape.
FACTS: dict[str, dict[str, Any]] = {
    "ImageId": _id("ami", "an image"),
    "InstanceId": _id("i", "an instance"),
    "SnapshotId": _id("snap", "a snapshot"),
    "KmsKeyId": _KEY_ID,
    "UserBucket": {"required": ("S3Key",)},
    "UserBucket.S3Bucket": _BUCKET,
    "UserBucket.S3Key": {"minimum": 1},
    "Tag": {"required": ("Key",)},
    "TagSpecification": {"required": ("ResourceType", "Tags")},
    "ImportImageRequest.Architecture": _one_of("i386", "x86_64", "arm64"),
    "ImportImageRequest.Hypervisor": _one_of("xen"),
    "ImportImageRequest.LicenseType": _one_of("AWS", "BYOL"),
    "ImportImageRequest.Platform": _one_of("Windows", "Linux"),
    "ImportImageRequest.UsageOperation": {"values": (*WINDOWS_USAGE, *LINUX_USAGE)},
    "ImportImageRequest.RoleName": _ROLE_NAME,
    "ImportImageLicenseConfigurationRequest": {"required": ("LicenseConfigurationArn",)},
    "ImportImageLicenseConfigurationRequest.LicenseConfigurationArn": {
        "pattern": r"arn:[a-z0-9-]+:license-manager:[a-z0-9-]+:[0-9]{12}:license-configuration[:/].+",
        "meaning": "a licence configuration's ARN",
    },
    "ImageDiskContainer.Format": _one_of(*IMAGE_FORMATS),
    "SnapshotDiskContainer.Format": _one_of(*SNAPSHOT_FORMATS),
    "ImportSnapshotRequest.RoleName": _ROLE_NAME,
    # The model knows Windows alone; the guide has a list of instance types for Linux.
    "ImportInstanceRequest.Platform": {"values": ("Windows", "Linux")},
    # `Bytes` follows from the object that the manifest is made for.
    "DiskImageDetail": {"required": ("Format", "ImportManifestUrl")},
    "DiskImageDetail.Bytes": {"minimum": 1},
    "VolumeDetail.Size": {"minimum": 1, "maximum": 16384},
    "ExportImageRequest": {"required": ("DiskImageFormat", "ImageId")},
    "ExportImageRequest.Description": {"maximum": 255},
    "ExportImageRequest.RoleName": _ROLE_NAME,
    "ExportTaskS3LocationRequest": {"required": ()},
    "ExportTaskS3LocationRequest.S3Bucket": _BUCKET,
    "CreateInstanceExportTaskRequest.Description": {"maximum": 255},
    # The model knows RAW, too; the guide ("Considerations for instance export") does not.
    "ExportToS3TaskSpecification.DiskImageFormat": {
        "values": ("VMDK", "VHD"),
        "meaning": "for raw, make an AMI of the instance and export that",
    },
    "ExportToS3TaskSpecification.S3Bucket": _BUCKET,
    "RegisterImageRequest.Name": {"pattern": AMI_NAME, "meaning": AMI_NAME_MEANING},
    "CreateImageRequest.Name": {"pattern": AMI_NAME, "meaning": AMI_NAME_MEANING},
    "RegisterImageRequest.Architecture": _one_of("i386", "x86_64", "arm64"),
    "RegisterImageRequest.RootDeviceName": {"pattern": r"/dev/[A-Za-z0-9/]{1,32}", "meaning": "/dev/…"},
    "RegisterImageRequest.SriovNetSupport": {"values": ("simple",)},
    "CreateVolumeRequest.Size": {"minimum": 1, "maximum": 65536},
    "CreateVolumeRequest.Iops": {"minimum": 100, "maximum": 256_000},
    "CreateVolumeRequest.Throughput": {"minimum": 125, "maximum": 2000},
    "AttachVolumeRequest.Device": {"minimum": 1, "maximum": 64},
}
