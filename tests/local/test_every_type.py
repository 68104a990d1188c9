"""Every row of the table of resource types against the services themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.local.every_type import logical_id, resources, template
from vmie_local import LocalAws
from vmie_local.cloudformation.types.table import TABLE

# Attributes of AWS's schemas that name what no local run has.
NOT_HERE = {
    "AWS::DynamoDB::GlobalTable": {"TableId"},
    "AWS::Lambda::Function": {"SnapStartResponse"},
    "AWS::S3::Bucket": {"WebsiteURL", "MetadataTableConfiguration", "MetadataConfiguration"},
}


@pytest.fixture(scope="module")
def stack(cloud: LocalAws) -> Any:
    """The stack after each of its stages."""
    client = cloud.client("cloudformation")
    first = with_attributes(template(1))
    client.create_stack(StackName="EveryType", TemplateBody=json.dumps(first))
    created = state(client)
    client.update_stack(StackName="EveryType", TemplateBody=json.dumps(with_attributes(template(2))))
    updated = state(client)
    facts = seen(cloud, updated["ids"])
    # No more access logs: what the bucket wrote into itself until now, its auto-deletion takes away.
    cloud.client("s3").put_bucket_logging(Bucket=updated["ids"]["S3Bucket"], BucketLoggingStatus={})
    client.delete_stack(StackName="EveryType")
    return {"created": created, "updated": updated, "facts": facts, "deleted": state(client, created["id"])}


def test_every_row_is_tried() -> None:
    assert set(resources(1)) == set(TABLE)


def test_every_type_is_created_updated_in_place_and_deleted(stack: Any) -> None:
    assert [stack[stage]["status"] for stage in ("created", "updated", "deleted")] == [
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "DELETE_COMPLETE",
    ], stack
    assert stack["updated"]["ids"] == stack["created"]["ids"]


def test_an_update_reaches_the_service(stack: Any) -> None:
    assert stack["facts"] == {
        "alarm": 2.0,
        "table": (["state"], True, {"generation": "2", "second": "2"}),
        "rule": ({"source": ["every.type", "2"]}, ["Same", "T2"]),
        "role": (["p2"], ["ReadOnlyAccess"]),
        "managed policy": ["sns:Action2"],
        "key": "2",
        "function": (12, 1024, {"GENERATION": "2"}, "2"),
        "mapping": 2,
        "log group": (14, True),
        "bucket": (20, "logs/", {"generation": "2", "second": "2", "aws-cdk:auto-delete-objects": "true"}),
        "topic": ("2", {"2@example.com"}),
        "subscription": ("true", {"kind": ["2"]}),
        "queue": "62",
        "parameter": "2",
        "machine": "generation 2",
    }


def test_what_moto_does_not_implement_is_refused_by_name(cloud: LocalAws) -> None:
    with pytest.raises(ClientError) as error:
        cloud.client("ec2").create_verified_access_trust_provider(
            TrustProviderType="user", PolicyReferenceName="name"
        )
    assert error.value.response["Error"]["Code"] == "NotImplemented"
    assert "ec2:CreateVerifiedAccessTrustProvider" in error.value.response["Error"]["Message"]


def with_attributes(body: dict[str, Any]) -> dict[str, Any]:
    """The template with an output for every attribute that AWS documents."""
    outputs = {}
    for kind in resources(1):
        if kind in ("AWS::CDK::Metadata", "Custom::S3AutoDeleteObjects"):
            continue
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        for path in schema.get("readOnlyProperties", []):
            name = path.removeprefix("/properties/").replace("/", ".")
            if name.split(".")[0] not in NOT_HERE.get(kind, set()) | {"Id", "PolicyArn", "RoleArn"}:
                attribute = {"Fn::GetAtt": [logical_id(kind), name]}
                outputs[f"{logical_id(kind)}{name.replace('.', '')}"] = {"Value": attribute}
    return {**body, "Outputs": outputs}


def state(client: Any, name: str = "EveryType") -> dict[str, Any]:
    (found,) = client.describe_stacks(StackName=name)["Stacks"]
    listed = client.list_stack_resources(StackName=name)["StackResourceSummaries"]
    failures = [
        (event["LogicalResourceId"], event.get("ResourceStatusReason"))
        for event in client.describe_stack_events(StackName=name)["StackEvents"]
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed}
    return {
        "status": found["StackStatus"],
        "id": found["StackId"],
        "ids": ids,
        "failures": failures,
        "reason": found.get("StackStatusReason"),
    }


def seen(cloud: LocalAws, ids: dict[str, str]) -> dict[str, Any]:
    """What the services say about the resources."""
    s3, sns, sqs = (cloud.client(name) for name in ("s3", "sns", "sqs"))
    iam, ddb, function = cloud.client("iam"), cloud.client("dynamodb"), cloud.client("lambda")
    events, logs = cloud.client("events"), cloud.client("logs")
    table = ddb.describe_table(TableName=ids["DynamoDBTable"])["Table"]
    rule = ids["EventsRule"].rpartition("|")[2]
    managed = iam.get_policy(PolicyArn=ids["IamManagedPolicy"])["Policy"]
    version = iam.get_policy_version(PolicyArn=managed["Arn"], VersionId=managed["DefaultVersionId"])
    config = function.get_function_configuration(FunctionName=ids["LambdaFunction"])
    answer = function.invoke(FunctionName=ids["LambdaFunction"], Payload=b"{}")
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=ids["SnsTopic"])
    subscription = sns.get_subscription_attributes(SubscriptionArn=ids["SnsSubscription"])["Attributes"]
    queue = sqs.get_queue_attributes(QueueUrl=ids["SqsQueue"], AttributeNames=["All"])["Attributes"]
    machine = cloud.client("stepfunctions").describe_state_machine(
        stateMachineArn=ids["StepFunctionsStateMachine"]
    )
    (alarm,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[ids["CloudWatchAlarm"]])["MetricAlarms"]
    (group,) = logs.describe_log_groups(logGroupNamePrefix=ids["LogsLogGroup"])["logGroups"]
    bucket = ids["S3Bucket"]
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {
        "alarm": alarm["Threshold"],
        "table": (
            [index["IndexName"] for index in table["GlobalSecondaryIndexes"]],
            table["SSEDescription"]["KMSMasterKeyArn"].endswith(ids["KmsKey"]),
            pairs(ddb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
        ),
        "rule": (
            json.loads(events.describe_rule(Name=rule, EventBusName="every-type")["EventPattern"]),
            sorted(
                one["Id"]
                for one in events.list_targets_by_rule(Rule=rule, EventBusName="every-type")["Targets"]
            ),
        ),
        "role": (
            [
                name
                for name in iam.list_role_policies(RoleName=ids["IamRole"])["PolicyNames"]
                if name != "every-type"
            ],
            sorted(
                one["PolicyName"]
                for one in iam.list_attached_role_policies(RoleName=ids["IamRole"])["AttachedPolicies"]
                if one["PolicyArn"] != managed["Arn"]
            ),
        ),
        "managed policy": version["PolicyVersion"]["Document"]["Statement"][0]["Action"],
        "key": cloud.client("kms").describe_key(KeyId=ids["KmsKey"])["KeyMetadata"]["Description"],
        "function": (
            config["Timeout"],
            config["EphemeralStorage"]["Size"],
            config["Environment"]["Variables"],
            answer["Payload"].read().decode(),
        ),
        "mapping": function.get_event_source_mapping(UUID=ids["LambdaEventSourceMapping"])["BatchSize"],
        "log group": (group["retentionInDays"], group["kmsKeyId"].endswith(ids["KmsKey"])),
        "bucket": (
            next(rule["Expiration"]["Days"] for rule in lifecycle if rule["ID"] == "Old"),
            s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetPrefix"],
            pairs(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]),
        ),
        "topic": (
            sns.get_topic_attributes(TopicArn=ids["SnsTopic"])["Attributes"]["DisplayName"],
            {one["Endpoint"] for one in subscriptions["Subscriptions"] if one["Protocol"] == "email"},
        ),
        "subscription": (subscription["RawMessageDelivery"], json.loads(subscription["FilterPolicy"])),
        "queue": queue["VisibilityTimeout"],
        "parameter": cloud.client("ssm").get_parameter(Name=ids["SsmParameter"])["Parameter"]["Value"],
        "machine": json.loads(machine["definition"])["States"]["Say"]["Output"],
    }


def pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}
