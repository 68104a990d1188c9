"""What a valid shape may still not say."""

import pytest

from tests.unit.runtime.request_documents.asking import (
    accepted,
    image,
    parameters_at_fault,
    rejected,
    snapshot,
    valid,
)

DISK = {"UserBucket": {"S3Key": "disks/web-1.vmdk"}}
OVA = {"Format": "ova", "UserBucket": {"S3Key": "web.ova"}}


def tags(*given, kind="import-image-task"):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in given]}]


def volume(**parameters):
    return {"CreateVolume": {"AvailabilityZone": "eu-west-1a", **parameters}}


@pytest.mark.parametrize(
    ("document", "code", "path", "words"),
    [
        ({"DiskContainers": []}, "MissingParameter", "DiskContainers", "at least one disk"),
        ([], "MissingParameter", "DiskContainers", "at least one disk"),
        (
            {"DiskContainers": [DISK] * 22},
            "TooManyDisks",
            "DiskContainers",
            "holds 22 disks; an image has at most 21. Import the boot disk and 20 others",
        ),
        (image({}), "MissingParameter", "DiskContainers[0]", "UserBucket, Url, SnapshotId"),
        (snapshot({}), "MissingParameter", "DiskContainer", "UserBucket, Url"),
        (
            image({**DISK, "Url": "s3://disks-of-ours/a"}),
            "InvalidParameterCombination",
            "DiskContainers[0].Url",
            "UserBucket and Url",
        ),
        (
            image({**DISK, "SnapshotId": "snap-0123456789abcdef0"}),
            "InvalidParameterCombination",
            "DiskContainers[0].SnapshotId",
            "UserBucket and SnapshotId",
        ),
        (
            image({"UserBucket": {"S3Bucket": "b-1"}}),
            "MissingParameter",
            "DiskContainers[0].UserBucket.S3Key",
            "S3Key",
        ),
        (
            image({"UserBucket": {"S3Key": ""}}),
            "InvalidParameterValue",
            "DiskContainers[0].UserBucket.S3Key",
            "valid min length: 1",
        ),
        (
            image({"UserBucket": {"S3Key": "ß" * 513}}),
            "InvalidParameterValue",
            "DiskContainers[0].UserBucket.S3Key",
            "1,024 bytes",
        ),
        (
            image({"UserBucket": {"S3Bucket": "s3://b", "S3Key": "k"}}),
            "InvalidParameterValue",
            "DiskContainers[0].UserBucket.S3Bucket",
            "a bucket's name",
        ),
        (
            image({"SnapshotId": "vol-0123456789abcdef0"}),
            "InvalidParameterValue",
            "DiskContainers[0].SnapshotId",
            "(snap-…)",
        ),
        (
            {"DiskContainers": [OVA, DISK]},
            "InvalidParameterCombination",
            "DiskContainers[0]",
            "an OVA carries all disks",
        ),
        (
            {"DiskContainers": [DISK, {"Url": "s3://disks-of-ours/web.OVA"}]},
            "InvalidParameterCombination",
            "DiskContainers[1]",
            "stands alone",
        ),
        (image(OVA, Vmie={"Method": "snapshot"}), "InvalidParameterCombination", "Vmie.Method", "tar xf"),
        (snapshot({**DISK, "Format": "ova"}), "InvalidParameterValue", "DiskContainer.Format", "VMDK, VHD"),
        (
            snapshot({"UserBucket": {"S3Key": "web.ova"}}),
            "InvalidParameterValue",
            "DiskContainer",
            "is an OVA, and ImportSnapshot takes one disk",
        ),
        (image({**DISK, "Format": "qcow2"}), "InvalidParameterValue", "DiskContainers[0].Format", "RAW"),
        (
            image(LicenseType="BYOL", UsageOperation="RunInstances"),
            "LicenceOptionsConflict",
            "UsageOperation",
            "LicenseType and UsageOperation are both given",
        ),
        (
            image(LicenseType="aws", Platform="Linux"),
            "InvalidParameterCombination",
            "LicenseType",
            "imported with BYOL",
        ),
        (
            image(UsageOperation="RunInstances:0002", Platform="linux"),
            "InvalidParameterCombination",
            "UsageOperation",
            "one of Windows Server",
        ),
        (
            image(UsageOperation="RunInstances:0100", Platform="Windows"),
            "InvalidParameterCombination",
            "UsageOperation",
            "one of Linux",
        ),
        (
            image(UsageOperation="RunInstances:0003"),
            "InvalidParameterValue",
            "UsageOperation",
            "must be one of",
        ),
        (image(BootMode="uefi-preferred"), "InvalidParameterValue", "BootMode", "not supported for imports"),
        (
            image(BootMode="legacy-bios", Architecture="arm64"),
            "InvalidParameterCombination",
            "BootMode",
            "boots by UEFI",
        ),
        (
            image({"SnapshotId": "snap-0123456789abcdef0"}, BootMode="uefi"),
            "MissingParameter",
            "Platform",
            "with a SnapshotId needs it",
        ),
        (image(Architecture="sparc"), "InvalidParameterValue", "Architecture", "i386, x86_64, arm64"),
        (image(Hypervisor="kvm"), "InvalidParameterValue", "Hypervisor", "must be one of: xen"),
        (
            image(Encrypted=False, KmsKeyId="alias/images"),
            "InvalidParameterCombination",
            "KmsKeyId",
            "Encrypted is false",
        ),
        (
            image(KmsKeyId="alias/images"),
            "MissingParameter",
            "Encrypted",
            'Missing required parameter in input: "Encrypted". EC2 takes KmsKeyId only with Encrypted true',
        ),
        (snapshot(KmsKeyId="alias/images"), "MissingParameter", "Encrypted", 'add "Encrypted": true'),
        (
            image(RoleName="arn:aws:iam::111122223333:role/vmimport"),
            "InvalidParameterValue",
            "RoleName",
            "a role's name",
        ),
        (
            image(LicenseSpecifications=[{"LicenseConfigurationArn": "lic-1"}]),
            "InvalidParameterValue",
            "LicenseSpecifications[0].LicenseConfigurationArn",
            "a licence configuration's ARN",
        ),
        (
            image(TagSpecifications=tags(("a", "b"), kind="image")),
            "InvalidParameterValue",
            "TagSpecifications[0].ResourceType",
            "import-image-task. Tags of the image and its snapshots go into Vmie.Tags",
        ),
        (
            image(TagSpecifications=tags(("aws:a", "b"))),
            "InvalidTag",
            "TagSpecifications[0].Tags[0]",
            "reserved",
        ),
        (
            image(TagSpecifications=tags(("a", "b"), ("", "c"))),
            "InvalidTag",
            "TagSpecifications[0].Tags[1]",
            'Invalid tag TagSpecifications[0].Tags[1]: "" is no key',
        ),
        (
            image(TagSpecifications=tags(("a", "b"), ("a", "c"))),
            "InvalidTag",
            "TagSpecifications[0].Tags",
            '"a" twice',
        ),
        (image(Vmie={"Tags": {"": "b"}}), "InvalidTag", "Vmie.Tags.", "at least one character"),
        (image(Vmie={"Tags": {"VMIE:x": "b"}}), "InvalidTag", "Vmie.Tags.VMIE:x", "reserved"),
        (image(Vmie={"Tags": {"k" * 129: "b"}}), "InvalidTag", None, "129 characters"),
        (image(Vmie={"Tags": {"k": "v" * 257}}), "InvalidTag", "Vmie.Tags.k", "257 characters"),
        (image(Vmie={"Tags": {"k": "a\nb"}}), "InvalidTag", "Vmie.Tags.k", "control characters"),
        (image(Vmie={"Tags": {f"k{n}": "" for n in range(41)}}), "InvalidTag", "Vmie.Tags", "at most 40"),
        (
            image(
                TagSpecifications=[*tags(*((f"t{n}", "") for n in range(20))), *tags(("u", ""))],
                Vmie={"Tags": {f"k{n}": "" for n in range(20)}},
            ),
            "InvalidTag",
            "TagSpecifications",
            "name 41 tags together, and the task gets both; a request has at most 40",
        ),
        (
            valid("an image export", S3ExportLocation={"S3Prefix": "web/"}),
            "InvalidExportPrefix",
            "S3ExportLocation.S3Prefix",
            "Use exports/web/",
        ),
        (
            valid("an instance export", ExportToS3Task={"S3Prefix": "exports"}),
            "InvalidExportPrefix",
            "ExportToS3Task.S3Prefix",
            "below exports/",
        ),
        (
            valid("an image export", S3ExportLocation={"S3Prefix": "exports/" + "x" * 960}),
            "InvalidExportPrefix",
            "S3ExportLocation.S3Prefix",
            "at most 960 bytes",
        ),
        (
            valid("an instance export", ExportToS3Task={"DiskImageFormat": "RAW"}),
            "InvalidParameterValue",
            "ExportToS3Task.DiskImageFormat",
            "make an AMI of the instance",
        ),
        (
            valid("an instance export", ExportToS3Task={"DiskImageFormat": "raw"}),
            "InvalidParameterValue",
            "ExportToS3Task.DiskImageFormat",
            "must be one of: VMDK, VHD (for raw, make an AMI",
        ),
        (
            valid("an instance export", ExportToS3Task={"DiskImageFormat": "VHD"}),
            "InvalidParameterCombination",
            "ExportToS3Task.DiskImageFormat",
            'use "VMDK", or TargetEnvironment "citrix" or "microsoft"',
        ),
        *(
            (
                valid("an instance export", TargetEnvironment=environment, ExportToS3Task=target),
                "InvalidParameterCombination",
                f"ExportToS3Task.{key}",
                remedy,
            )
            for environment in ("citrix", "microsoft")
            for target, key, remedy in (
                ({"DiskImageFormat": "VMDK"}, "DiskImageFormat", 'use "VHD", or TargetEnvironment "vmware"'),
                ({"ContainerFormat": "ova"}, "ContainerFormat", "to have the VHD by itself"),
            )
        ),
        (valid("an image export", Description="d" * 256), "InvalidParameterValue", "Description", "255"),
        (valid("an instance export", Description="d" * 256), "InvalidParameterValue", "Description", "255"),
        (valid("an image export", ImageId="web"), "InvalidParameterValue", "ImageId", "(ami-…)"),
        (
            valid("an instance", DiskImages=[]),
            "MissingParameter",
            "DiskImages",
            "holds 0 disks",
        ),
        (
            valid("an instance", DiskImages=valid("an instance")["DiskImages"] * 13),
            "TooManyDisks",
            "DiskImages",
            "1 to 12",
        ),
        (
            valid("an instance", DiskImages=[{"Volume": {"Size": 1}}]),
            "MissingParameter",
            "DiskImages[0].Image",
            "Im",
        ),
        (
            valid("a volume", AvailabilityZone=None),
            "MissingParameter",
            "AvailabilityZone",
            "Missing required parameter in input",
        ),
        (
            valid("a volume", AvailabilityZoneId="use1-az1"),
            "InvalidParameterCombination",
            "AvailabilityZoneId",
            "both given",
        ),
        (
            valid(
                "a volume",
                Image={
                    "Format": "RAW",
                    "ImportManifestUrl": "https://b-1.s3.amazonaws.com/manifest.xml?Signature=x",
                },
            ),
            "InvalidSourceUrl",
            "Image.ImportManifestUrl",
            "Name the disk image itself",
        ),
        *(
            (
                valid("a volume", Image={"Format": "RAW", "ImportManifestUrl": url}),
                "InvalidSourceUrl",
                "Image.ImportManifestUrl",
                words,
            )
            for url, words in (
                ("s3:///", "a bucket and a key"),
                (f"s3:///{'k' * 1025}", "1,024 bytes"),
            )
        ),
        (
            snapshot(DiskContainer={"Format": "RAW", "Url": "s3:///disks/a.raw"}),
            "InvalidSourceUrl",
            "DiskContainer.Url",
            "a bucket and a key",
        ),
        (
            valid(
                "a volume",
                Image={"Format": "RAW", "Bytes": 1, "ImportManifestUrl": "http://manifests.example/1.xml"},
            ),
            "InvalidSourceUrl",
            "Image.ImportManifestUrl",
            "presigned https://",
        ),
    ],
)
def test_what_cannot_be_is_rejected_under_its_key(document, code, path, words):
    rejection = rejected(document)
    assert rejection.code == code
    if path is not None:
        assert parameters_at_fault(rejection) == [path]
    assert words in rejection.text


@pytest.mark.parametrize(
    ("document", "code", "path", "words"),
    [
        (image(Vmie={"Method": "direct"}), "DirectImportUnavailable", "Vmie.Method", '"snapshot"'),
        (
            image(Vmie={"Distribution": {"Regions": ["eu-west-1"]}}),
            "DistributionUnavailable",
            "Vmie.Distribution",
            "does not make",
        ),
        (
            snapshot(Vmie={"Method": "snapshot"}),
            "InvalidParameterCombination",
            "Vmie.Method",
            "(ImportSnapshot)",
        ),
        (image(Vmie=volume()), "InvalidParameterCombination", "Vmie.CreateVolume", "with DiskContainers"),
        (image(Vmie={"AllowReboot": True}), "InvalidParameterCombination", "Vmie.AllowReboot", "ExportImage"),
        (
            valid("an image export", Vmie={"Name": "web"}),
            "InvalidParameterCombination",
            "Vmie.Name",
            "ImageId and DiskImageFormat (ExportImage)",
        ),
        (image(Vmie={"Deadline": "12h"}), "InvalidParameterValue", "Vmie.Deadline", "such as PT12H"),
        (
            image(Vmie={"Deadline": "PT4M59S"}),
            "InvalidParameterValue",
            "Vmie.Deadline",
            "between PT5M and PT36H",
        ),
        (image(Vmie={"Deadline": "P1DT12H1S"}), "InvalidParameterValue", "Vmie.Deadline", "between"),
        (image(Vmie={"Attempts": 0}), "InvalidParameterValue", "Vmie.Attempts", "valid min value: 1"),
        (image(Vmie={"Attempts": 6}), "InvalidParameterValue", "Vmie.Attempts", "valid max value: 5"),
        (image(Vmie={"Name": "ab"}), "InvalidParameterValue", "Vmie.Name", "valid min length: 3"),
        (image(Vmie={"Name": "a" * 129}), "InvalidParameterValue", "Vmie.Name", "valid max length: 128"),
        (image(Vmie={"Name": "web_server*"}), "InvalidParameterValue", "Vmie.Name", "letters, digits"),
        (image(Vmie={"SourceOnSuccess": "delete"}), "InvalidParameterValue", "Vmie.SourceOnSuccess", "keep"),
        (image(Vmie={"Inspection": "off"}), "InvalidParameterValue", "Vmie.Inspection", "enforce, advise"),
        (
            snapshot(Vmie={**volume(), "Name": "web"}),
            "InvalidParameterCombination",
            "Vmie.CreateVolume",
            "Vmie.CreateVolume and Vmie.Name",
        ),
        (
            valid("an instance", Vmie={"Name": "web"}),
            "InvalidParameterCombination",
            "Vmie.Name",
            "Vmie.CreateImage",
        ),
        (
            snapshot(Vmie={"Name": "web", "RegisterImage": {"Name": "wob"}}),
            "InvalidParameterCombination",
            "Vmie.RegisterImage.Name",
            "differ",
        ),
        (
            image(Vmie={"RegisterImage": {}}),
            "InvalidParameterCombination",
            "Vmie.RegisterImage",
            'Vmie.Method "snapshot" or "auto"',
        ),
        (
            image(BootMode="uefi", Vmie={"Method": "auto", "RegisterImage": {"BootMode": "legacy-bios"}}),
            "InvalidParameterCombination",
            "Vmie.RegisterImage.BootMode",
            "differ",
        ),
        (
            snapshot(Vmie={"RegisterImage": {"BootMode": "legacy-bios", "TpmSupport": "v2.0"}}),
            "InvalidParameterCombination",
            "Vmie.RegisterImage.TpmSupport",
            'needs "uefi"',
        ),
        (
            image(
                BootMode="legacy-bios", Vmie={"Method": "snapshot", "RegisterImage": {"TpmSupport": "v2.0"}}
            ),
            "InvalidParameterCombination",
            "Vmie.RegisterImage.TpmSupport",
            'does not go with BootMode "legacy-bios": it needs "uefi"',
        ),
        (
            snapshot(Vmie={"RegisterImage": {"BootMode": "legacy-bios", "Architecture": "ARM64"}}),
            "InvalidParameterCombination",
            "Vmie.RegisterImage.Architecture",
            'does not go with Vmie.RegisterImage.BootMode "legacy-bios"',
        ),
        (
            {
                "DiskContainers": [
                    DISK,
                    {**DISK, "DeviceName": "/dev/sdf"},
                    {**DISK, "DeviceName": "/dev/sdf"},
                ],
                "Vmie": {"Method": "snapshot"},
            },
            "InvalidParameterCombination",
            "DiskContainers[2].DeviceName",
            '"/dev/sdf" is taken by DiskContainers[1]',
        ),
        *(
            (
                {
                    "DiskContainers": [{**DISK, "DeviceName": "/dev/sdf"}, {**DISK, "DeviceName": root}],
                    "Vmie": {"Method": "snapshot", "RegisterImage": registered},
                },
                "InvalidParameterCombination",
                "DiskContainers[1].DeviceName",
                "is taken by the root device, which is the first disk",
            )
            for root, registered in (("/dev/sda1", {}), ("/dev/xvda", {"RootDeviceName": "/dev/xvda"}))
        ),
        (
            snapshot(Vmie=volume(KmsKeyId="alias/disks")),
            "MissingParameter",
            "Vmie.CreateVolume.Encrypted",
            'Missing required parameter in Vmie.CreateVolume: "Encrypted"',
        ),
        (
            snapshot(Vmie={"RegisterImage": {"BlockDeviceMappings": []}}),
            "UnknownParameter",
            "Vmie.RegisterImage.BlockDeviceMappings",
            "must be one of: Name",
        ),
        (
            snapshot(Vmie={"AttachVolume": {"InstanceId": "i-0123456789abcdef0", "Device": "/dev/sdf"}}),
            "InvalidParameterCombination",
            "Vmie.AttachVolume",
            "needs Vmie.CreateVolume",
        ),
        (
            snapshot(Vmie={**volume(), "RegisterImage": {}}),
            "InvalidParameterCombination",
            "Vmie.CreateVolume",
            "Vmie.CreateVolume and Vmie.RegisterImage",
        ),
        (
            snapshot(Vmie={**volume(), "AttachVolume": {"InstanceId": "i-0123456789abcdef0"}}),
            "MissingParameter",
            "Vmie.AttachVolume.Device",
            "Missing required parameter in Vmie.AttachVolume",
        ),
        (
            snapshot(Vmie={"CreateVolume": {}}),
            "MissingParameter",
            "Vmie.CreateVolume.AvailabilityZone",
            "Missing required parameter in Vmie.CreateVolume",
        ),
        (
            snapshot(Vmie=volume(AvailabilityZoneId="euw1-az1")),
            "InvalidParameterCombination",
            "Vmie.CreateVolume.AvailabilityZoneId",
            "both given",
        ),
        (
            snapshot(Vmie=volume(VolumeType="io1")),
            "MissingParameter",
            "Vmie.CreateVolume.Iops",
            "VolumeType io1 needs it",
        ),
        (
            snapshot(Vmie=volume(VolumeType="gp2", Iops=3000)),
            "InvalidParameterCombination",
            "Vmie.CreateVolume.Iops",
            "VolumeType gp2",
        ),
        (
            snapshot(Vmie=volume(VolumeType="io2", Iops=3000, Throughput=250)),
            "InvalidParameterCombination",
            "Vmie.CreateVolume.Throughput",
            "VolumeType io2",
        ),
        (
            snapshot(Vmie=volume(Encrypted=False, KmsKeyId="alias/disks")),
            "InvalidParameterCombination",
            "Vmie.CreateVolume.KmsKeyId",
            "Vmie.CreateVolume.Encrypted is false",
        ),
        (
            snapshot(Vmie={"ImportTaskId": "import-ami-0123456789abcdef0"}),
            "InvalidParameterCombination",
            "Vmie.ImportTaskId",
            "no task of DiskContainer",
        ),
        (
            image(Vmie={"ImportTaskId": "import-ami-0123456789abcdef0", "Method": "auto"}),
            "InvalidParameterCombination",
            "Vmie.Method",
            "Vmie.Method and Vmie.ImportTaskId",
        ),
        (
            {"Vmie": {"ImportTaskId": "import-ami-0123456789abcdef0", "Attempts": 2}},
            "InvalidParameterCombination",
            "Vmie.Attempts",
            "needs the containers too",
        ),
        (
            {"Vmie": {"ImportTaskId": "import-ami-"}},
            "InvalidParameterValue",
            "Vmie.ImportTaskId",
            "import-snap-…",
        ),
        *(
            (
                image(**{name: value}, Vmie={"Method": "snapshot"}),
                "InvalidParameterCombination",
                name,
                'Vmie.Method "snapshot"',
            )
            for name, value in (
                ("LicenseType", "AWS"),
                ("UsageOperation", "RunInstances"),
                ("Hypervisor", "xen"),
                ("LicenseSpecifications", []),
            )
        ),
    ],
)
def test_options_that_cannot_be_are_rejected_under_their_key(document, code, path, words):
    rejection = rejected(document)
    assert rejection.code == code
    assert parameters_at_fault(rejection) == [path]
    assert words in rejection.text


@pytest.mark.parametrize(
    "document",
    [
        {"DiskContainers": [DISK] * 21},
        image(OVA),
        image({**DISK, "Format": "VhdX"}),
        image(LicenseType="aws", Platform="Windows"),
        image(LicenseType="BYOL", Platform="Linux"),
        image(UsageOperation="RunInstances:0200", Platform="Linux"),
        image({"SnapshotId": "snap-0123456789abcdef0"}, BootMode="uefi", Platform="Windows"),
        image({"SnapshotId": "snap-0123456789abcdef0"}, BootMode="legacy-bios"),
        image(Encrypted=True, KmsKeyId="arn:aws:kms:eu-west-1:111122223333:key/mrk-0123"),
        snapshot(Encrypted=True, KmsKeyId="0123abcd-0123-0123-0123-0123456789ab"),
        image(Vmie={}),
        image(Vmie={"Deadline": "PT5M"}),
        image(Vmie={"Deadline": "P1DT12H"}),
        image(Vmie={"Method": "snapshot"}, LicenseType="BYOL"),
        image(Vmie={"Method": "auto", "RegisterImage": {}}),
        image(Vmie={"ImportTaskId": "import-ami-0123456789abcdef0", "Attempts": 3}),
        image(Vmie={"Tags": {f"k{n}": "" for n in range(40)}}),
        image(
            TagSpecifications=tags(*((f"k{n}", "task") for n in range(40))),
            Vmie={"Tags": {f"k{n}": "image" for n in range(40)}},
        ),
        image(Vmie={"Tags": {"k" * 128: "v" * 256}}),
        image(Vmie={"Tags": {"prix": "10\u00a0€", "awsome": "vmie"}}),
        snapshot(Vmie={"Name": "web"}),
        snapshot(Vmie=volume()),
        snapshot(Vmie=volume(Encrypted=True, KmsKeyId="alias/disks")),
        {
            "DiskContainers": [
                {**DISK, "DeviceName": "/dev/sda1"},
                {**DISK, "DeviceName": "/dev/sdf"},
                {**DISK, "DeviceName": "/dev/sdg"},
            ],
            "Vmie": {"Method": "snapshot"},
        },
        image(Architecture="X86_64", Vmie={"Method": "auto", "RegisterImage": {"Architecture": "x86_64"}}),
        image(
            {"SnapshotId": "snap-0123456789abcdef0"},
            BootMode="uefi",
            Vmie={"Method": "snapshot", "RegisterImage": {"TpmSupport": "v2.0"}},
        ),
        snapshot(Vmie=volume(VolumeType="gp3", Iops=3000, Throughput=250)),
        snapshot(Vmie={"RegisterImage": {"BootMode": "uefi-preferred", "Architecture": "arm64"}}),
        valid("an image export", S3ExportLocation={"S3Prefix": "exports/"}),
        valid("an image export", Description="d" * 255),
        valid("an instance export", ExportToS3Task={"DiskImageFormat": "VMDK"}),
        valid("an instance export", TargetEnvironment="citrix", ExportToS3Task={"DiskImageFormat": "VHD"}),
        valid("an instance export", TargetEnvironment="microsoft", ExportToS3Task={}),
        valid("a volume", AvailabilityZone=None, AvailabilityZoneId="use1-az1"),
    ],
)
def test_what_can_be_is_accepted(document):
    accepted(document)


def test_rules_are_told_beside_what_is_wrong_with_the_shape():
    rejection = rejected(image(LicenseTyp="x", LicenseType="aws", UsageOperation="RunInstances:0002"))
    assert parameters_at_fault(rejection) == ["LicenseTyp", "UsageOperation"]


def test_a_misspelt_source_is_not_told_twice():
    assert parameters_at_fault(rejected(image({"UserBuckett": {"S3Key": "a"}}))) == [
        "DiskContainers[0].UserBuckett"
    ]
