"""Request files: what the EC2 API takes is a request, and what becomes of it is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from benchmarks.deployed import tasks_last
from tests.local.pipeline.disks import (
    BOOT,
    DATA_DISK,
    boot_disk,
    boot_disk_decoded,
    data_disk,
    holds,
    upload_disks,
)
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.vm_disks import needs_disk_tools

pytestmark = needs_disk_tools
REGISTERED = {"Architecture": "x86_64", "BootMode": "uefi", "TpmSupport": "v2.0", "ImdsSupport": "v2.0"}


def documents(pipeline: Pipeline) -> dict[str, Any]:
    """Request files by their names."""
    located = {**boot_disk(), "UserBucket": {"S3Bucket": pipeline.bucket, "S3Key": BOOT}}
    return {
        "verbatim": {
            "Architecture": "x86_64",
            "BootMode": "legacy-bios",
            "ClientToken": "the-requesters-own",
            "Description": "web server",
            "DiskContainers": [{**located, "Description": "boot disk", "DeviceName": "/dev/sda1"}],
            "Encrypted": False,
            "Hypervisor": "xen",
            "LicenseType": "BYOL",
            "Platform": "Linux",
            "RoleName": pipeline.service_role,
            "TagSpecifications": [
                {"ResourceType": "import-image-task", "Tags": [{"Key": "ticket", "Value": "1"}]}
            ],
        },
        "containers-list": [located],
        "containers-single": located,
        "s3-url": {"DiskContainers": [{"Format": "VMDK", "Url": f"S3://{pipeline.bucket}/{BOOT}"}]},
        "presigned-url": {"DiskContainers": [{"Format": "VMDK", "Url": presigned(pipeline.bucket, BOOT)}]},
        "named": {
            "DiskContainers": [boot_disk()],
            "Vmie": {"Name": "web-frontend", "Tags": {"team": "web"}, "Method": "auto"},
        },
        "two-disks": {"DiskContainers": [boot_disk(), data_disk()]},
        "unmodified": {
            "DiskContainers": [boot_disk(), data_disk()],
            "Vmie": {"Name": "router", "Method": "snapshot", "RegisterImage": REGISTERED},
        },
        "dry-run": {"DiskContainers": [boot_disk()], "DryRun": True},
    }


def presigned(bucket: str, key: str) -> str:
    """A presigned URL of S3's public endpoint, as people paste it."""
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="not-a-secret",
        config=Config(signature_version="s3v4"),
    )
    return str(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}))


@pytest.fixture(scope="module")
def results(deployed: Pipeline) -> Iterator[dict[str, dict[str, Any]]]:
    """The ended results of every request file and of a dropped snapshot, by name."""
    upload_disks(deployed)
    with tasks_last(180):
        keys = {name: deployed.ask(name, each) for name, each in documents(deployed).items()}
        keys["dropped"] = "snapshots/data.raw"
        deployed.upload(keys["dropped"], DATA_DISK)
        yield {name: deployed.ended(key) for name, key in keys.items()}
    eventually(deployed.settled, "nothing running, waiting or held")


def test_every_request_succeeds_in_its_operation(results: dict[str, dict[str, Any]]) -> None:
    assert {name: each["Status"] for name, each in results.items()} == dict.fromkeys(results, "Succeeded")
    assert {name: (each["Operation"], each["Method"]) for name, each in results.items()} == {
        "verbatim": ("ImportImage", "image"),
        "containers-list": ("ImportImage", "image"),
        "containers-single": ("ImportSnapshot", "snapshot"),
        "s3-url": ("ImportImage", "image"),
        "presigned-url": ("ImportImage", "image"),
        "named": ("ImportImage", "image"),
        "two-disks": ("ImportImage", "image"),
        "unmodified": ("ImportImage", "snapshot"),
        "dry-run": ("ImportImage", "image"),
        "dropped": ("ImportSnapshot", "snapshot"),
    }


def test_the_apis_own_parameters_reach_the_task(
    deployed: Pipeline, results: dict[str, dict[str, Any]]
) -> None:
    result = results["verbatim"]
    (task,) = deployed.tasks_of(result["RequestId"])
    tags = {tag["Key"]: tag["Value"] for tag in task["Tags"]}

    assert result["ClientToken"] == "the-requesters-own"
    assert (task["Description"], task["LicenseType"], task["BootMode"]) == (
        "web server",
        "BYOL",
        "legacy-bios",
    )
    assert (task["Platform"], task["Architecture"]) == ("Linux", "x86_64")
    assert task["SnapshotDetails"][0]["Description"] == "boot disk"
    assert tags["ticket"] == "1"
    assert tags["vmie:request-id"] == result["RequestId"]


def test_a_presigned_url_is_in_no_result_and_no_log(
    deployed: Pipeline, results: dict[str, dict[str, Any]]
) -> None:
    logs = deployed.cloud.client("logs")
    stack = deployed.table.partition("-")[0]
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        if stack in group["logGroupName"]
    ]
    history = deployed.states.get_paginator("get_execution_history").paginate(
        executionArn=results["presigned-url"]["ExecutionArn"], includeExecutionData=True
    )

    assert groups
    assert "X-Amz" not in str(results["presigned-url"])
    assert "X-Amz" not in str([page["events"] for page in history])
    assert [
        group
        for group in groups
        if any("X-Amz" in event["message"] for event in logs.filter_log_events(logGroupName=group)["events"])
    ] == []


def test_a_named_image_is_a_tagged_copy_and_the_original_is_gone(
    deployed: Pipeline, results: dict[str, dict[str, Any]]
) -> None:
    result = results["named"]
    (task,) = deployed.tasks_of(result["RequestId"])
    (image,) = deployed.ec2.describe_images(ImageIds=[result["ImageId"]])["Images"]
    snapshots = deployed.ec2.describe_snapshots(SnapshotIds=result["SnapshotIds"])["Snapshots"]

    assert image["Name"] == "web-frontend"
    assert task["ImageId"] not in {each["ImageId"] for each in deployed.images()}
    for resource in (image, *snapshots):
        tags = {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
        assert (tags["team"], tags["Name"]) == ("web", "web-frontend")
        assert tags["vmie:request-id"] == result["RequestId"]
    assert {"Key": "team", "Value": "web"} in task["Tags"]


def test_an_image_of_two_disks_has_both(deployed: Pipeline, results: dict[str, dict[str, Any]]) -> None:
    result = results["two-disks"]
    (image,) = deployed.ec2.describe_images(ImageIds=[result["ImageId"]])["Images"]
    data = image["BlockDeviceMappings"][1]["Ebs"]["SnapshotId"]

    assert len(result["SnapshotIds"]) == len(image["BlockDeviceMappings"]) == 2
    assert len(result["Inspection"]["Disks"]) == 2
    assert holds(deployed, data, DATA_DISK)


def test_an_unmodified_image_is_registered_as_asked_over_the_disks_own_bytes(
    deployed: Pipeline, results: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    (image,) = deployed.ec2.describe_images(ImageIds=[results["unmodified"]["ImageId"]])["Images"]
    boot, data = (each["Ebs"]["SnapshotId"] for each in image["BlockDeviceMappings"])

    assert {name: image[name] for name in REGISTERED} == REGISTERED
    assert (image["Name"], image["EnaSupport"], image["VirtualizationType"]) == ("router", True, "hvm")
    assert image["RootDeviceName"] == image["BlockDeviceMappings"][0]["DeviceName"]
    assert holds(deployed, boot, boot_disk_decoded(tmp_path_factory.mktemp("decoded")))
    assert holds(deployed, data, DATA_DISK)


def test_a_dropped_snapshot_holds_the_disk(deployed: Pipeline, results: dict[str, dict[str, Any]]) -> None:
    result = results["dropped"]
    (snapshot_id,) = result["SnapshotIds"]
    (snapshot,) = deployed.ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]

    assert "ImageId" not in result
    assert {"Key": "vmie:request-id", "Value": result["RequestId"]} in snapshot["Tags"]
    assert holds(deployed, snapshot_id, DATA_DISK)


def test_a_dry_run_inspects_and_starts_nothing(
    deployed: Pipeline, results: dict[str, dict[str, Any]]
) -> None:
    result = results["dry-run"]

    assert result["Inspection"]["Verdicts"]["image"] == "accepted"
    assert not {"ImportTaskId", "ImageId"} & result.keys()
    assert deployed.tasks_of(result["RequestId"]) == []
