"""The examples, deployed and used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.local.pipeline.harness import DEMO_DISK, Pipeline, eventually
from vmie_local import LocalAws
from vmie_local.deployment import CdkCli

EXAMPLES = Path(__file__).parents[2] / "examples"


def deploy(cloud: LocalAws, example: str) -> dict[str, dict[str, str]]:
    cli = CdkCli(cloud, EXAMPLES / example)
    cli.bootstrap()
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
