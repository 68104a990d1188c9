"""Valid requests, one of each kind and more: what examples are read from and mutations begin with."""

from typing import Any

VALID_REQUESTS: dict[str, Any] = {
    "the guide's containers.json for an image": [
        {
            "Description": "My Server OVA",
            "Format": "ova",
            "UserBucket": {"S3Bucket": "my-import-bucket", "S3Key": "vms/my-server-vm.ova"},
        }
    ],
    "the guide's containers.json with two disks": [
        {"Description": "First disk", "Format": "vmdk", "UserBucket": {"S3Bucket": "b-1", "S3Key": "1.vmdk"}},
        {
            "Description": "Second disk",
            "Format": "vmdk",
            "UserBucket": {"S3Bucket": "b-1", "S3Key": "2.vmdk"},
        },
    ],
    "the guide's containers.json with a URL": [
        {"Description": "My Server OVA", "Format": "ova", "Url": "S3://my-import-bucket/vms/my-server-vm.ova"}
    ],
    "the guide's containers.json for a snapshot": {
        "Description": "My server VMDK",
        "Format": "VMDK",
        "UserBucket": {"S3Bucket": "my-import-bucket", "S3Key": "vms/my-server-vm.vmdk"},
    },
    "the guide's containers.json for a snapshot, with what a request has beside": {
        "Description": "My server VMDK",
        "Format": "VMDK",
        "UserBucket": {"S3Key": "vms/my-server-vm.vmdk"},
        "ClientToken": "wave-1-data",
        "DryRun": True,
        "Encrypted": True,
        "KmsKeyId": "alias/disks",
        "RoleName": "vmimport",
        "TagSpecifications": [
            {"ResourceType": "import-snapshot-task", "Tags": [{"Key": "wave", "Value": "1"}]}
        ],
        "Vmie": {"Name": "my server"},
    },
    "an image with everything": {
        "Architecture": "x86_64",
        "BootMode": "uefi",
        "ClientData": {
            "Comment": "wave 1",
            "UploadStart": "2026-11-20T10:00:00Z",
            "UploadEnd": 1795168800,
            "UploadSize": 1073741824.0,
        },
        "ClientToken": "wave-1-web-1",
        "Description": "web server",
        "DryRun": False,
        "Encrypted": True,
        "Hypervisor": "xen",
        "KmsKeyId": "alias/images",
        "LicenseType": "byol",
        "Platform": "Windows",
        "RoleName": "vmimport",
        "LicenseSpecifications": [
            {
                "LicenseConfigurationArn": "arn:aws:license-manager:eu-west-1:111122223333:"
                "license-configuration:lic-0123456789abcdef0123456789abcdef"
            }
        ],
        "TagSpecifications": [
            {"ResourceType": "import-image-task", "Tags": [{"Key": "wave", "Value": "1"}, {"Key": "empty"}]}
        ],
        "DiskContainers": [
            {"DeviceName": "/dev/sda1", "Format": "VHDX", "UserBucket": {"S3Key": "disks/web-1.vhdx"}},
            {
                "DeviceName": "/dev/sdf",
                "Url": "https://disks.s3.eu-west-1.amazonaws.com/web-1-data.vhdx"
                "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0123abcd",
            },
            {"DeviceName": "/dev/sdg", "SnapshotId": "snap-0123456789abcdef0"},
        ],
        "Vmie": {
            "Name": "web-server (wave 1)",
            "Method": "image",
            "Tags": {"team": "web", "größe": "XL"},
            "Deadline": "PT12H",
            "Attempts": 2,
            "SourceOnSuccess": "keep",
            "Inspection": "advise",
        },
    },
    "an image by usage operation": {
        "UsageOperation": "RunInstances:0006",
        "Platform": "Windows",
        "DiskContainers": [{"UserBucket": {"S3Key": "sql.vhd"}, "Format": "vhd"}],
    },
    "an image by snapshot": {
        "BootMode": "uefi",
        "Platform": "Linux",
        "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/router.vmdk"}}],
        "Vmie": {
            "Method": "snapshot",
            "Name": "router",
            "RegisterImage": {
                "Architecture": "x86_64",
                "BootMode": "uefi",
                "EnaSupport": True,
                "TpmSupport": "v2.0",
                "ImdsSupport": "v2.0",
                "RootDeviceName": "/dev/xvda",
                "SriovNetSupport": "simple",
                "UefiData": "QU1aTlVFRkk=",
            },
        },
    },
    "a snapshot with a volume": {
        "Encrypted": False,
        "DiskContainer": {"Format": "RAW", "Url": "s3://disks-of-ours/data.raw"},
        "Vmie": {
            "CreateVolume": {"AvailabilityZone": "eu-west-1a", "VolumeType": "io2", "Iops": 1000, "Size": 64},
            "AttachVolume": {"InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf"},
        },
    },
    "a snapshot with an image": {
        "DiskContainer": {"Format": "VMDK", "UserBucket": {"S3Key": "cloud-image.vmdk"}},
        "Vmie": {"Name": "cloud image", "RegisterImage": {}},
    },
    "a task started by hand": {"Vmie": {"ImportTaskId": "import-ami-d1974645895f0b04t", "Deadline": "PT2H"}},
    "an instance": {
        "Description": "old web server",
        "Platform": "Linux",
        "LaunchSpecification": {
            "Architecture": "x86_64",
            "InstanceType": "m3.medium",
            "GroupIds": ["sg-0123456789abcdef0"],
            "Monitoring": True,
            "Placement": {"AvailabilityZone": "us-east-1a", "PartitionNumber": 1},
            "UserData": {"Data": "IyEvYmluL3No"},
        },
        "DiskImages": [
            {
                "Image": {"Format": "VMDK", "ImportManifestUrl": "s3://disks-of-ours/web-1.vmdk"},
                "Volume": {"Size": 20},
            }
        ],
        "Vmie": {"CreateImage": {"Name": "web-1", "Description": "web server"}},
    },
    "a volume": {
        "AvailabilityZone": "us-east-1a",
        "Image": {
            "Format": "VHD",
            "Bytes": 1073741824,
            "ImportManifestUrl": "s3:///disks/web-1.vhd",
        },
        "Volume": {"Size": 2},
    },
    "an image export": {
        "ImageId": "ami-0123456789abcdef0",
        "DiskImageFormat": "VMDK",
        "S3ExportLocation": {"S3Bucket": "my-export-bucket", "S3Prefix": "exports/web/"},
        "RoleName": "vmimport",
    },
    "an image export to the bucket it was asked in": {
        "ImageId": "ami-0123456789abcdef0",
        "DiskImageFormat": "RAW",
    },
    "an instance export": {
        "InstanceId": "i-0123456789abcdef0",
        "TargetEnvironment": "vmware",
        "ExportToS3Task": {
            "ContainerFormat": "ova",
            "DiskImageFormat": "VMDK",
            "S3Bucket": "my-export-bucket",
            "S3Prefix": "exports/vms/",
        },
        "Vmie": {"AllowReboot": True, "Tags": {"case": "exit"}},
    },
}
OPERATIONS_OF = {
    "a snapshot": "ImportSnapshot",
    "a task": "ImportImage",
    "an instance export": "CreateInstanceExportTask",
    "an instance": "ImportInstance",
    "a volume": "ImportVolume",
    "an image export": "ExportImage",
    "the guide's containers.json for a snapshot": "ImportSnapshot",
}


def operation_of(name: str) -> str:
    """The operation of a valid request, by its name; an image where its name says nothing else."""
    matching = [prefix for prefix in OPERATIONS_OF if name.startswith(prefix)]
    return OPERATIONS_OF[max(matching, key=len)] if matching else "ImportImage"
