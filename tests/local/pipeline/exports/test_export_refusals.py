"""What is refused before EC2 is asked, in a deployed pipeline."""

from __future__ import annotations

from typing import Any

from tests.local.pipeline.exports.exporting import ExportPipeline, of_image, of_instance
from tests.local.vm_disks import needs_disk_tools

pytestmark = needs_disk_tools
REBOOT = {"AllowReboot": True}


def test_what_cannot_be_exported_is_refused_and_nothing_started(exports: ExportPipeline, image_id: str):
    ec2 = exports.ec2
    (exported,) = ec2.describe_images(ImageIds=[image_id])["Images"]
    snapshot_id = exported["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    encrypted = ec2.copy_image(
        Name="encrypted", SourceImageId=image_id, SourceRegion=exports.cloud.settings.region, Encrypted=True
    )["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[encrypted], WaiterConfig={"Delay": 1})
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": snapshot_id}}

    def registered(name: str, *mappings: dict[str, Any], **more: Any) -> str:
        machine = {
            "VirtualizationType": "hvm",
            "Architecture": "x86_64",
            "RootDeviceName": "/dev/sda1",
            **more,
        }
        made = str(ec2.register_image(Name=name, BlockDeviceMappings=mappings, **machine)["ImageId"])
        ec2.get_waiter("image_available").wait(ImageIds=[made], WaiterConfig={"Delay": 1})
        return made

    two = registered("two disks", disk, {"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": snapshot_id}})
    large = registered("large", {**disk, "Ebs": {"SnapshotId": snapshot_id, "VolumeSize": 1025}})
    hybrid = registered("hybrid", disk, BootMode="uefi-preferred")
    source = registered("source", disk)
    orphan, running = exports.launch(source), exports.launch(image_id)
    ec2.deregister_image(ImageId=source)
    wanted = {
        "ExportedImageGone": of_image("ami-0123456789abcdef0"),
        "EncryptedImageNotExportable": of_image(encrypted),
        "MultipleDisksNotExportable": of_image(two),
        "VolumeTooLargeToExport": of_image(large),
        "HybridBootNotExportable": of_image(hybrid),
        "RebootNotAllowed": of_instance(running),
        "InstanceSourceGone": of_instance(orphan, **REBOOT),
        "InstanceNotFound": of_instance("i-0123456789abcdef0", **REBOOT),
        "RoleNotAllowed": of_image(image_id, RoleName="admin"),
        "ExportBucketNotAllowed": of_image(image_id, S3ExportLocation={"S3Bucket": "elsewhere"}),
        "InvalidExportPrefix": of_image(image_id, S3ExportLocation={"S3Prefix": "results/"}),
    }

    key = exports.ask("refused", {"Requests": list(wanted.values())})
    results = {code: exports.ended_entry(key, number) for number, code in enumerate(wanted)}

    assert [result["Error"]["Code"] for result in results.values()] == list(wanted)
    assert {result["Status"] for result in results.values()} == {"Rejected"}
    assert all(result["Error"]["Remedy"] for result in results.values())
    assert not any(exports.tasks_of(result["RequestId"]) for result in results.values())
    for made in (two, large, hybrid, encrypted):
        ec2.deregister_image(ImageId=made)
    ec2.terminate_instances(InstanceIds=[orphan, running])


def test_a_bucket_that_was_changed_since_is_refused(exports: ExportPipeline, image_id: str, instance_id: str):
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    own = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    exports.s3.put_bucket_encryption(Bucket=exports.bucket, ServerSideEncryptionConfiguration=kms)
    try:
        encrypted = exports.export("with-kms", of_image(image_id))
    finally:
        exports.s3.put_bucket_encryption(Bucket=exports.bucket, ServerSideEncryptionConfiguration=own)
    exports.set_ownership("BucketOwnerEnforced")
    try:
        owned = exports.export("owner-enforced", of_instance(instance_id, **REBOOT))
    finally:
        exports.set_ownership("BucketOwnerPreferred")

    assert (encrypted["Status"], encrypted["Error"]["Code"]) == ("Rejected", "ExportBucketEncrypted")
    assert (owned["Status"], owned["Error"]["Code"]) == ("Rejected", "ExportBucketOwnership")
