"""The real CDK CLI deploys, updates, fails, rolls back and destroys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from vmie_local import LocalAws
from vmie_local.deployment import CdkCli, DeploymentError, node_binary

APP = Path(__file__).parent / "apps" / "inventory"


def test_a_stack_is_deployed_updated_rolled_back_and_destroyed(cloud: LocalAws, tmp_path: Path) -> None:
    """One life of one stack: each stage needs the one before, and the CDK CLI takes seconds."""
    cli = CdkCli(cloud, APP)
    first = cli.deploy(assembly=synthesised(tmp_path / "1", generation="1"))["Inventory"]
    assert_first_generation(cloud, first)

    with pytest.raises(DeploymentError, match=r"Colour of AWS::SQS::Queue \(Queue"):
        cli.deploy(assembly=synthesised(tmp_path / "property", generation="1", fail="property"))

    assembly = synthesised(tmp_path / "2", generation="2")
    assert "[~] AWS::Lambda::Function Worker" in cli.diff(assembly=assembly)
    second = cli.deploy(assembly=assembly)["Inventory"]
    assert {**second, "LiveArn": ""} == {**first, "LiveArn": ""}, "an update replaced a resource"
    assert_second_generation(cloud, second)

    with pytest.raises(DeploymentError, match="The marker refuses to be made"):
        cli.deploy(assembly=synthesised(tmp_path / "custom", generation="3", fail="custom"))
    assert_second_generation(cloud, second)
    stack = described(cloud)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "failed to update: [Marker]" in stack["StackStatusReason"]

    cli.destroy(assembly=assembly)
    assert described(cloud) is None
    assert_nothing_left(cloud, second)


def test_a_failing_first_deployment_leaves_nothing_behind(cloud: LocalAws) -> None:
    template = {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "doomed"}},
            "Policy": {
                "Type": "AWS::SQS::QueuePolicy",
                "DependsOn": "Queue",
                "Properties": {"Queues": ["http://nowhere/queue"], "PolicyDocument": {}},
            },
        }
    }
    client = cloud.client("cloudformation")
    stack_id = client.create_stack(StackName="Doomed1", TemplateBody=json.dumps(template))["StackId"]
    wait_until_ended(client, stack_id)
    events = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    told = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]
    assert told == [
        ("Doomed1", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        ("Policy", "CREATE_IN_PROGRESS"),
        ("Policy", "CREATE_FAILED"),
        ("Doomed1", "ROLLBACK_IN_PROGRESS"),
        ("Queue", "DELETE_IN_PROGRESS"),
        ("Queue", "DELETE_COMPLETE"),
        ("Doomed1", "ROLLBACK_COMPLETE"),
    ]
    assert "QueueUrls" not in cloud.client("sqs").list_queues(QueueNamePrefix="doomed")
    client.delete_stack(StackName=stack_id)


def synthesised(folder: Path, **context: str) -> Path:
    """The app as `cdk synth` makes it, without the CLI."""
    environment = {
        **os.environ,
        "JSII_NODE": str(node_binary()),
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    subprocess.run([sys.executable, "app.py"], cwd=APP, env=environment, check=True)
    return folder


def assert_first_generation(cloud: LocalAws, outputs: dict[str, str]) -> None:
    assert (outputs["MarkerKey"], outputs["MarkerNumber"]) == ("marker.json", "7")
    marker = cloud.client("s3").get_object(Bucket=outputs["BucketName"], Key="marker.json")
    assert json.loads(marker["Body"].read())["Number"] == "7", "scalars reach a custom resource as text"
    assert invoked(cloud, outputs["LiveArn"]) == {"generation": "1", "version": "1"}
    assert parameter(cloud, outputs) == "generation 1"
    s3 = cloud.client("s3")
    assert s3.get_bucket_versioning(Bucket=outputs["BucketName"])["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=outputs["BucketName"])["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rule["Filter"] == {"Prefix": "images/"}
    tags = cloud.client("sqs").list_queue_tags(QueueUrl=outputs["QueueUrl"])["Tags"]
    assert tags["team"] == "images"


def assert_second_generation(cloud: LocalAws, outputs: dict[str, str]) -> None:
    assert invoked(cloud, outputs["LiveArn"]) == {"generation": "2", "version": "2"}
    assert invoked(cloud, outputs["WorkerName"]) == {"generation": "2", "version": "$LATEST"}
    assert parameter(cloud, outputs) == "generation 2"
    machine = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["MachineArn"])
    assert json.loads(machine["definition"])["States"]["Say generation"]["Output"] == {"generation": "2"}
    table = cloud.client("dynamodb").describe_table(TableName=outputs["TableName"])["Table"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["open"]
    marker = cloud.client("s3").get_object(Bucket=outputs["BucketName"], Key="marker.json")
    assert json.loads(marker["Body"].read())["Generation"] == "2"


def assert_nothing_left(cloud: LocalAws, outputs: dict[str, str]) -> None:
    buckets = {bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]}
    assert outputs["BucketName"] not in buckets
    assert outputs["KeptName"] in buckets, "DeletionPolicy Retain"
    assert outputs["TableName"] not in cloud.client("dynamodb").list_tables()["TableNames"]
    roles = [role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]]
    assert not [role for role in roles if role.startswith("Inventory")]
    functions = cloud.client("lambda").list_functions()["Functions"]
    assert not [one for one in functions if one["FunctionName"].startswith("Inventory")]


def invoked(cloud: LocalAws, function: str) -> Any:
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    return json.loads(answer["Payload"].read())


def parameter(cloud: LocalAws, outputs: dict[str, str]) -> str:
    found = cloud.client("ssm").get_parameter(Name=outputs["ParameterName"])
    return str(found["Parameter"]["Value"])


def described(cloud: LocalAws) -> Any:
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return next((stack for stack in stacks if stack["StackName"] == "Inventory"), None)


def wait_until_ended(client: Any, stack_id: str) -> None:
    for _ in range(100):
        (stack,) = client.describe_stacks(StackName=stack_id)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return
        time.sleep(0.1)
    pytest.fail(f"{stack_id} is still {stack['StackStatus']}")
