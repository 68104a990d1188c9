"""The examples, deployed and used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.pipeline.harness import DEMO_DISK, Pipeline, eventually
from tests.local.storage import Storage
from tests.local.vm_disks import needs_disk_tools
from vmie_local import LocalAws
from vmie_local.deployment import CdkCli

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True, scope="module")
def quiet_afterwards(cloud: LocalAws) -> Iterator[None]:
    """What stays deployed keeps no later test waiting for its rounds."""
    yield
    events = cloud.client("events")
    for page in events.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if "Reconciler" in rule["Name"]:
                events.disable_rule(Name=rule["Name"])


def deploy(cloud: LocalAws, example: str) -> dict[str, dict[str, str]]:
    cli = CdkCli(cloud, EXAMPLES / example)
    return cli.deploy()


def test_each_team_hears_of_its_own_failures_only(cloud: LocalAws) -> None:
    outputs = deploy(cloud, "two_teams")["TwoTeams"]
    sqs = cloud.client("sqs")

    def failures(team: str) -> list[Any]:
        queue = outputs[f"{team}FailuresUrl"]
        return sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])

    cloud.client("s3").put_object(Bucket=outputs["WindowsBucketName"], Key="images/empty.vmdk", Body=b"")
    (message,) = eventually(lambda: failures("Windows"), "the event of a rejected image")
    event = json.loads(message["Body"])
    assert event["detail-type"] == "VM Import Rejected"
    assert event["detail"]["Source"]["Key"] == "images/empty.vmdk"
    assert failures("Appliances") == []


def test_everything_works_under_one_key_of_the_owner(cloud: LocalAws) -> None:
    outputs = deploy(cloud, "encrypted")
    pipeline = Pipeline(
        cloud,
        {
            "ImportBucketName": outputs["EncryptedStorage"]["BucketName"],
            "RequestsTableName": outputs["EncryptedPipeline"]["RequestsTableName"],
        },
    )
    pipeline.upload("images/secret.vmdk")
    result = pipeline.ended("images/secret.vmdk")
    assert result["Status"] == "Succeeded", result
    (snapshot,) = cloud.client("ec2").describe_snapshots(SnapshotIds=result["SnapshotIds"])["Snapshots"]
    assert snapshot["Encrypted"] is True


@pytest.fixture
def exporting(cloud: LocalAws) -> Iterator[dict[str, str]]:
    """The outputs of the app that exports every AMI, which later tests' AMIs are to be spared."""
    yield deploy(cloud, "exported_images")["ExportedImages"]
    events = cloud.client("events")
    for rule in events.list_rules(NamePrefix="ExportedImages-WorkflowEveryImage")["Rules"]:
        events.disable_rule(Name=rule["Name"])


@needs_disk_tools
def test_every_ami_that_appears_becomes_a_file_and_one_that_cannot_is_told(
    cloud: LocalAws, exporting: dict[str, str]
) -> None:
    ec2, sqs = cloud.client("ec2"), cloud.client("sqs")
    storage = Storage(cloud, ec2)

    def told(queue: str) -> Any:
        messages = sqs.receive_message(QueueUrl=exporting[queue], WaitTimeSeconds=1).get("Messages", [])
        return json.loads(messages[0]["Body"]) if messages else None

    image_id = storage.register(storage.write())
    event = eventually(lambda: told("FilesUrl"), "the event of an exported file")
    assert event["detail-type"] == "VM Export Succeeded"
    tasks = ec2.describe_export_image_tasks()["ExportImageTasks"]
    (task_id,) = [task["ExportImageTaskId"] for task in tasks if task["ImageId"] == image_id]
    (file,) = event["detail"]["Exports"]
    assert file["Uri"] == f"s3://{exporting['BucketName']}/exports/{task_id}.vmdk"
    written = cloud.client("s3").head_object(Bucket=exporting["BucketName"], Key=f"exports/{task_id}.vmdk")
    assert written["ContentLength"] == file["Size"]

    storage.register(storage.copy_snapshot(storage.write(), Encrypted=True)["SnapshotId"])
    event = eventually(lambda: told("FailuresUrl"), "the event of a refused export")
    assert event["detail"]["Error"]["Code"] == "EncryptedImageNotExportable"


def test_the_role_alone_lets_other_tools_import(cloud: LocalAws) -> None:
    outputs = deploy(cloud, "packer_role")["PackerRole"]
    cloud.client("s3").put_object(Bucket=outputs["BucketName"], Key="any.vmdk", Body=DEMO_DISK.read_bytes())
    ec2 = cloud.client("ec2")
    task = ec2.import_image(
        RoleName=outputs["RoleName"],
        DiskContainers=[
            {"Format": "vmdk", "UserBucket": {"S3Bucket": outputs["BucketName"], "S3Key": "any.vmdk"}}
        ],
    )["ImportTaskId"]

    def ended() -> Any:
        (found,) = ec2.describe_import_image_tasks(ImportTaskIds=[task])["ImportImageTasks"]
        return found if found["Status"] in ("completed", "deleted") else None

    assert eventually(ended, "the end of the task")["Status"] == "completed"
