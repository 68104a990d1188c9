"""What the roles may do, exactly."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from tests.unit.constructs.synthesis import Synthesised, as_list, flat, synthesise
from vmie_constructs import VmImportExport

TABLE, MACHINE = "AWS::DynamoDB::GlobalTable", "AWS::StepFunctions::StateMachine"
EC2 = "arn:<AWS::Partition>:ec2:<AWS::Region>:"
TASKS = f"{EC2}<AWS::AccountId>:import-image-task/*"
IMAGES, SNAPSHOTS = f"{EC2}:image/*", f"{EC2}:snapshot/*"

# Actions that know no resource, as the Service Authorization Reference has them.
WITHOUT_RESOURCES = {
    "ec2:DescribeImages",
    "ec2:DescribeImportImageTasks",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    # CloudWatch's vended log deliveries, for the state machine's log.
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
# The user guide's policy of the service role, word for word.
OF_THE_GUIDE = {"ec2:CopySnapshot", "ec2:Describe*", "ec2:ModifySnapshotAttribute", "ec2:RegisterImage"}


def everything(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    VmImportExport(stack, "Vmie", bucket_encryption_key=key, encryption_key=key, image_encryption_key=key)


@pytest.fixture(scope="module")
def with_keys() -> Synthesised:
    return synthesise(everything)


def names(found: Synthesised) -> dict[str, str]:
    return {
        "table": f"<{found.name_of(TABLE)}.Arn>",
        "bucket": f"<{found.name_of('AWS::S3::Bucket')}.Arn>",
        "topic": f"<{found.name_of('AWS::SNS::Topic')}>",
        "bus": "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default",
        "role": f"<{found.name_of('AWS::IAM::Role', 'VmieServiceRole')}.Arn>",
    }


def specific(found: Synthesised, function: str) -> dict[str, list[str]]:
    """What a function may do beside writing its own log and traces."""
    allowed = found.allowed(f"{function}Role")
    own_log = f"<{found.name_of('AWS::Logs::LogGroup', f'{function}Logs')}.Arn>"
    assert allowed.pop("logs:CreateLogStream") == [own_log]
    assert allowed.pop("logs:PutLogEvents") == [own_log]
    assert allowed.pop("xray:PutTraceSegments") == ["*"]
    assert allowed.pop("xray:PutTelemetryRecords") == ["*"]
    return allowed


def test_no_action_holds_a_wildcard_but_the_guides(default: Synthesised, with_keys: Synthesised) -> None:
    for found in (default, with_keys):
        wild = {
            (name, action)
            for name, statement in found.every_statement()
            for action in as_list(statement["Action"])
            if "*" in action
        }
        assert wild == {(found.name_of("AWS::IAM::Policy", "VmieServiceRole"), "ec2:Describe*")}


def test_every_resource_is_meant_only_by_actions_that_know_none(
    default: Synthesised, with_keys: Synthesised
) -> None:
    for found in (default, with_keys):
        for name, statement in found.every_statement():
            if "*" not in map(flat, as_list(statement["Resource"])):
                continue
            actions = set(as_list(statement["Action"]))
            assert actions <= (OF_THE_GUIDE if "VmieServiceRole" in name else WITHOUT_RESOURCES), name


def test_patterns_end_where_the_service_chooses_the_rest(default: Synthesised) -> None:
    patterns = {
        flat(resource)
        for _, statement in default.every_statement()
        for resource in as_list(statement["Resource"])
        if "*" in flat(resource) and flat(resource) != "*"
    }
    for pattern in patterns:
        assert re.fullmatch(r"[^*]+(/|:)\*", pattern), pattern
    assert {TASKS, IMAGES, SNAPSHOTS} <= patterns


def test_the_inspection_of_strangers_images_can_read_them_and_nothing_else(default: Synthesised) -> None:
    bucket = names(default)["bucket"]
    assert specific(default, "InspectImage") == {
        "s3:GetObject": [f"{bucket}/images/*"],
        "s3:ListBucket": [bucket],
    }
    variables = default.function("InspectImage")["Environment"]["Variables"]
    assert not [name for name in variables if name.startswith("VMIE_")]


def test_validation_reads_and_tags_sources(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "ValidateRequest") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "s3:GetObject": [f"{known['bucket']}/images/*"],
        "s3:ListBucket": [known["bucket"]],
        "s3:GetObjectTagging": [f"{known['bucket']}/images/*"],
        "s3:PutObjectTagging": [f"{known['bucket']}/images/*"],
    }


def test_the_start_passes_the_service_role_and_tags_its_own_task_only(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "StartImport") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "s3:GetObject": [f"{known['bucket']}/images/*"],
        "s3:ListBucket": [known["bucket"]],
        "ec2:ImportImage": [TASKS, IMAGES],
        "ec2:CreateTags": [TASKS],
        "iam:PassRole": [known["role"]],
    }
    assert conditions(default, "StartImport", "ec2:CreateTags") == [
        {"StringEquals": {"ec2:CreateAction": "ImportImage"}}
    ]
    assert conditions(default, "StartImport", "iam:PassRole") == [None]


def test_polling_describes_and_publishes(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "PollImport") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "ec2:DescribeImportImageTasks": ["*"],
        **publishing_steps(known),
    }


def test_finishing_tags_what_the_task_made(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "FinishImport") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "s3:GetObject": [f"{known['bucket']}/images/*"],
        "s3:ListBucket": [known["bucket"]],
        "ec2:DescribeImportImageTasks": ["*"],
        "ec2:CreateTags": [IMAGES, SNAPSHOTS],
    }


def test_the_diagnosis_reads_the_service_role_and_no_other(default: Synthesised) -> None:
    role = [names(default)["role"]]
    assert specific(default, "DiagnoseFailure") == {"iam:GetRole": role, "iam:SimulatePrincipalPolicy": role}


@pytest.mark.parametrize("function", ["CleanUp", "ReconcilerFunction", "DrainFunction"])
def test_only_what_carries_the_workflows_tag_is_cancelled_or_deleted(
    function: str, default: Synthesised
) -> None:
    allowed = specific(default, function)
    assert allowed["ec2:CancelImportTask"] == [TASKS]
    assert allowed["ec2:DeregisterImage"] == [IMAGES]
    assert allowed["ec2:DeleteSnapshot"] == [SNAPSHOTS]
    own = {"StringEquals": {"aws:ResourceTag/vmie:workflow": {"Ref": default.name_of(TABLE)}}}
    for action in ("ec2:CancelImportTask", "ec2:DeregisterImage", "ec2:DeleteSnapshot"):
        assert conditions(default, function, action) == [own]


def test_recording_writes_results_and_nothing_else_in_the_bucket(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "RecordResult") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        **publishing(known),
    }


def test_intake_enters_requests_and_wakes_the_reconciler(default: Synthesised) -> None:
    known = names(default)
    queue = [f"<{default.name_of('AWS::SQS::Queue', 'IntakeQueue')}.Arn>"]
    assert specific(default, "IntakeFunction") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:PutItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "dynamodb:Query": [f"{known['table']}/index/source"],
        "lambda:InvokeFunction": [f"<{default.name_of('AWS::Lambda::Function', 'Reconciler')}.Arn>"],
        **dict.fromkeys(
            (
                "sqs:ReceiveMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueUrl",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
            ),
            queue,
        ),
        **publishing(known),
    }


def test_the_reconciler_starts_and_stops_executions_of_this_state_machine_only(default: Synthesised) -> None:
    allowed = specific(default, "ReconcilerFunction")
    machine = default.name_of(MACHINE)
    executions = f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<{machine}.Name>:*"
    assert allowed["states:StartExecution"] == [f"<{machine}>"]
    assert allowed["states:DescribeExecution"] == [executions]
    assert allowed["states:StopExecution"] == [executions]
    assert allowed["dynamodb:Query"] == [f"{names(default)['table']}/index/open"]
    pause = default.name_of("AWS::SSM::Parameter")
    assert allowed["ssm:GetParameter"] == [
        f"arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/<{pause}>"
    ]


def test_with_keys_each_function_gets_just_what_its_services_ask(with_keys: Synthesised) -> None:
    key = [f"<{with_keys.name_of('AWS::KMS::Key')}.Arn>"]
    inspect = {action for action in specific(with_keys, "InspectImage") if action.startswith("kms:")}
    assert inspect == {"kms:Decrypt"}
    diagnose = {action for action in specific(with_keys, "DiagnoseFailure") if action.startswith("kms:")}
    assert diagnose == set()
    record = specific(with_keys, "RecordResult")
    assert set(record["kms:GenerateDataKey"]) == set(key)
    assert not [action for action in record if action in ("kms:CreateGrant", "kms:PutKeyPolicy")]


def publishing_steps(known: dict[str, str]) -> dict[str, list[str]]:
    return {"s3:PutObject": [f"{known['bucket']}/results/*"], "events:PutEvents": [known["bus"]]}


def publishing(known: dict[str, str]) -> dict[str, list[str]]:
    return {**publishing_steps(known), "sns:Publish": [known["topic"]]}


def conditions(found: Synthesised, role_part: str, action: str) -> list[Any]:
    return [
        statement.get("Condition")
        for statement in found.statements(f"{role_part}Role")
        if action in as_list(statement["Action"])
    ]
