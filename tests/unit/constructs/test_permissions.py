"""What the roles may do, exactly."""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.unit.constructs.synthesis import Synthesised, as_list, flat, import_half, synthesise

TABLE, MACHINE = "AWS::DynamoDB::GlobalTable", "AWS::StepFunctions::StateMachine"
EC2 = "arn:<AWS::Partition>:ec2:<AWS::Region>:"
TASKS = f"{EC2}<AWS::AccountId>:import-image-task/*"
SNAPSHOT_TASKS = f"{EC2}<AWS::AccountId>:import-snapshot-task/*"
IMAGES, SNAPSHOTS = f"{EC2}:image/*", f"{EC2}:snapshot/*"

# Actions that know no resource, as the Service Authorization Reference has them.
WITHOUT_RESOURCES = {
    "ec2:DescribeImages",
    "ec2:DescribeConversionTasks",
    "ec2:DescribeImportImageTasks",
    "ec2:DescribeImportSnapshotTasks",
    "ec2:DescribeInstances",
    "ec2:DescribeSnapshots",
    "ec2:DescribeVolumes",
    "ec2:GetEbsDefaultKmsKeyId",
    "ec2:GetEbsEncryptionByDefault",
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
    import_half(stack, key=key, encryption_key=key, image_encryption_key=key)


KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-"
LICENCE = "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:lic-"


def everything_allowed(stack: cdk.Stack, *, entries: int = 1) -> None:
    """So many entries for every setting that takes several."""
    key = kms.Key(stack, "Key")
    import_half(
        stack,
        key=key,
        encryption_key=key,
        image_encryption_key=key,
        allowed_source_buckets=[
            s3.Bucket.from_bucket_name(stack, f"Bucket{number}", f"a-bucket-of-another-team-{number}")
            for number in range(entries)
        ],
        allowed_kms_keys=[
            kms.Key.from_key_arn(stack, f"Key{number}", f"{KEY}{number:012}") for number in range(entries)
        ],
        allowed_service_roles=[
            iam.Role.from_role_name(stack, f"Role{number}", f"a-role-of-another-team-{number}")
            for number in range(entries)
        ],
        allowed_license_configurations=[f"{LICENCE}{number:032x}" for number in range(entries)],
        allowed_availability_zones=["eu-west-1a"],
        allowed_subnets=["subnet-0123456789abcdef0"],
        allowed_security_groups=["sg-0123456789abcdef0"],
        allowed_instances=[f"i-{number:017x}" for number in range(entries)],
        allowed_snapshots=[f"snap-{number:017x}" for number in range(entries)],
        allowed_import_tasks=["import-*"],
    )


@pytest.fixture(scope="module")
def default(imports: Synthesised) -> Synthesised:
    return imports


@pytest.fixture(scope="module")
def with_keys() -> Synthesised:
    return synthesise(everything)


@pytest.fixture(scope="module")
def all_allowed() -> Synthesised:
    return synthesise(everything_allowed)


def names(found: Synthesised) -> dict[str, str]:
    return {
        "table": f"<{found.name_of(TABLE)}.Arn>",
        "bucket": f"<{found.name_of('AWS::S3::Bucket')}.Arn>",
        "queue": f"<{found.name_of('AWS::SQS::Queue', 'QueuesQueue')}.Arn>",
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
    assert {TASKS, SNAPSHOT_TASKS, IMAGES, SNAPSHOTS} <= patterns


def test_an_admission_is_awaited_with_the_table_the_results_and_the_queue(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "AwaitAdmission") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:PutItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "sqs:SendMessage": [known["queue"]],
        **publishing(known),
    }


def test_the_inspection_of_strangers_images_can_read_them_and_nothing_else(default: Synthesised) -> None:
    """A request file names disks wherever in the bucket they lie."""
    bucket = names(default)["bucket"]
    assert specific(default, "InspectImage") == {
        "s3:GetObject": [f"{bucket}/*"],
        "s3:ListBucket": [bucket],
    }
    variables = default.function("InspectImage")["Environment"]["Variables"]
    assert not [name for name in variables if name.startswith("VMIE_")]


def test_validation_reads_and_tags_sources_and_reads_settings(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "ValidateRequest") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "s3:GetObject": [f"{known['bucket']}/*"],
        "s3:ListBucket": [known["bucket"]],
        "s3:GetObjectTagging": [f"{known['bucket']}/*"],
        "s3:PutObjectTagging": [f"{known['bucket']}/*"],
        "ec2:DescribeImages": ["*"],
        "ec2:GetEbsDefaultKmsKeyId": ["*"],
        "ec2:GetEbsEncryptionByDefault": ["*"],
    }


def test_the_start_passes_the_service_role_and_makes_what_carries_its_tag(default: Synthesised) -> None:
    known = names(default)
    allowed = specific(default, "StartTask")
    assert {name: set(resources) for name, resources in allowed.items()} == {
        "dynamodb:GetItem": {known["table"]},
        "dynamodb:UpdateItem": {known["table"]},
        "s3:GetObject": {f"{known['bucket']}/*"},
        "s3:ListBucket": {known["bucket"]},
        "iam:PassRole": {known["role"]},
        "ec2:ImportImage": {TASKS, IMAGES},
        "ec2:ImportSnapshot": {SNAPSHOT_TASKS, SNAPSHOTS},
        "ec2:RegisterImage": {SNAPSHOTS, IMAGES},
        "ec2:CopyImage": {SNAPSHOTS, IMAGES},
        "ec2:CancelImportTask": {TASKS, SNAPSHOT_TASKS},
        "ec2:CreateTags": {TASKS, SNAPSHOT_TASKS, IMAGES, SNAPSHOTS},
        "ec2:DescribeImages": {"*"},
        "ec2:DescribeImportImageTasks": {"*"},
        "ec2:DescribeImportSnapshotTasks": {"*"},
    }
    assert conditions(default, "StartTask", "iam:PassRole") == [None]
    for action, task in (("ImportImage", TASKS), ("ImportSnapshot", SNAPSHOT_TASKS)):
        tagging = [
            statement
            for statement in default.statements("StartTaskRole")
            if "ec2:CreateTags" in as_list(statement["Action"])
            and task in map(flat, as_list(statement["Resource"]))
        ]
        assert [each["Condition"] for each in tagging] == [{"StringEquals": {"ec2:CreateAction": action}}]


def test_what_is_made_and_copied_carries_the_workflows_tag(default: Synthesised) -> None:
    own = {"StringEquals": {"aws:ResourceTag/vmie:workflow": {"Ref": default.name_of(TABLE)}}}
    new = {"StringEquals": {"aws:RequestTag/vmie:workflow": {"Ref": default.name_of(TABLE)}}}
    for action in ("ec2:RegisterImage", "ec2:CopyImage"):
        found = conditions(default, "StartTask", action)
        assert all(condition in (own, new) for condition in found)
        assert own in found
        assert new in found


def test_polling_describes_and_publishes(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "PollTask") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "ec2:DescribeImages": ["*"],
        "ec2:DescribeImportImageTasks": ["*"],
        "ec2:DescribeImportSnapshotTasks": ["*"],
        **publishing_steps(known),
    }


def test_finishing_tags_what_was_made_and_removes_what_a_copy_replaced(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "FinishRequest") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "s3:GetObject": [f"{known['bucket']}/*"],
        "s3:ListBucket": [known["bucket"]],
        "ec2:DescribeImages": ["*"],
        "ec2:CreateTags": [IMAGES, SNAPSHOTS],
        "ec2:DeregisterImage": [IMAGES],
        "ec2:DeleteSnapshot": [SNAPSHOTS],
    }
    own = {"StringEquals": {"aws:ResourceTag/vmie:workflow": {"Ref": default.name_of(TABLE)}}}
    for action in ("ec2:DeregisterImage", "ec2:DeleteSnapshot"):
        assert conditions(default, "FinishRequest", action) == [own]


def test_the_diagnosis_reads_the_service_role_and_no_other(default: Synthesised) -> None:
    role = [names(default)["role"]]
    assert specific(default, "DiagnoseFailure") == {"iam:GetRole": role, "iam:SimulatePrincipalPolicy": role}


IN_A_ZONE = {
    "ec2:AttachVolume",
    "ec2:CreateImage",
    "ec2:CreateVolume",
    "ec2:DeleteVolume",
    "ec2:DescribeVolumes",
    "ec2:DetachVolume",
    "ec2:ImportInstance",
    "ec2:ImportVolume",
    "ec2:TerminateInstances",
    "ec2:CancelConversionTask",
    "ec2:DescribeConversionTasks",
}


def test_without_a_zone_nothing_is_made_in_one(default: Synthesised, all_allowed: Synthesised) -> None:
    def actions(found: Synthesised) -> set[str]:
        return {action for _, statement in found.every_statement() for action in as_list(statement["Action"])}

    assert not actions(default) & IN_A_ZONE
    assert actions(all_allowed) >= IN_A_ZONE


def test_what_the_owner_allows_is_granted_by_name(all_allowed: Synthesised) -> None:
    start = specific(all_allowed, "StartTask")
    assert f"{EC2}<AWS::AccountId>:instance/i-{0:017x}" in start["ec2:AttachVolume"]
    snapshot = f"{EC2}:snapshot/snap-{0:017x}"
    assert snapshot in start["ec2:ImportImage"]
    assert snapshot in start["ec2:RegisterImage"]
    roles = {resource.rsplit("/", 1)[-1] for resource in start["iam:PassRole"]}
    assert "a-role-of-another-team-0" in roles
    for function in ("ValidateRequest", "InspectImage", "StartTask", "FinishRequest"):
        read = specific(all_allowed, function)["s3:GetObject"]
        assert "arn:<AWS::Partition>:s3:::a-bucket-of-another-team-0/*" in read


@pytest.mark.parametrize(
    ("entry", "resources"),
    [
        ("import-ami-0123456789abcdef0", {f"{TASKS[:-1]}import-ami-0123456789abcdef0"}),
        ("import-snap-*", {f"{SNAPSHOT_TASKS[:-1]}import-snap-*"}),
        ("import-a*", {f"{TASKS[:-1]}import-a*"}),
        ("import-*", {f"{TASKS[:-1]}import-*", f"{SNAPSHOT_TASKS[:-1]}import-*"}),
        ("*", {TASKS, SNAPSHOT_TASKS}),
    ],
)
def test_tasks_started_by_hand_can_be_marked_where_that_is_allowed(entry: str, resources: set[str]) -> None:
    found = synthesise(lambda stack: import_half(stack, allowed_import_tasks=[entry]))
    condition = {
        "StringEquals": {"aws:RequestTag/vmie:workflow": {"Ref": found.name_of(TABLE)}},
        "ForAllValues:StringLike": {"aws:TagKeys": "vmie:*"},
    }
    marked = [each for each in found.statements("StartTaskRole") if each.get("Condition") == condition]
    assert {action for each in marked for action in as_list(each["Action"])} == {"ec2:CreateTags"}
    assert {flat(resource) for each in marked for resource in as_list(each["Resource"])} == resources


def sizes(found: Synthesised, resource_type: str) -> dict[str, int]:
    """Characters of every policy, once deployed and without white space."""
    return {
        name: len(json.dumps(deployed(policy["Properties"]["PolicyDocument"]), separators=(",", ":")))
        for name, policy in found.of_type(resource_type).items()
    }


def test_with_all_allowed_every_roles_inline_policy_is_as_short_as_iam_takes(
    all_allowed: Synthesised,
) -> None:
    """10,240 characters, and 6,144 of a managed policy (IAM quotas); each role has one inline policy."""
    found = sizes(all_allowed, "AWS::IAM::Policy")
    assert max(found.values()) < 10_240
    assert max(found.values()) > 5_000, "Something was measured"
    moved = sizes(all_allowed, "AWS::IAM::ManagedPolicy")
    assert [name for name in moved if "StartTaskRole" not in name] == [], "No other role needs a second"
    assert max(moved.values(), default=0) < 6_144


def test_with_as_much_allowed_as_a_function_can_be_told_the_rest_moves_to_managed_policies() -> None:
    found = synthesise(lambda stack: everything_allowed(stack, entries=9))
    assert max(sizes(found, "AWS::IAM::Policy").values()) < 10_240
    assert 0 < max(sizes(found, "AWS::IAM::ManagedPolicy").values()) < 6_144


def deployed(value: Any) -> Any:
    """A policy with references as long as what they become."""
    lengths = {
        "<AWS::Partition>": "aws-us-gov",
        "<AWS::Region>": "ap-southeast-4",
        "<AWS::AccountId>": "1" * 12,
    }
    match value:
        case {"Fn::Join": _} | {"Ref": _} | {"Fn::GetAtt": _}:
            text = flat(value)
            for reference, real in lengths.items():
                text = text.replace(reference, real)
            return re.sub(r"<[^>]+\.Arn>", "a" * 130, re.sub(r"<[^>.]+>", "n" * 90, text))
        case dict():
            return {name: deployed(each) for name, each in value.items()}
        case list():
            return [deployed(each) for each in value]
    return value


def test_a_task_whose_request_ended_meanwhile_is_cancelled_by_its_tag(default: Synthesised) -> None:
    own = {"StringEquals": {"aws:ResourceTag/vmie:workflow": {"Ref": default.name_of(TABLE)}}}
    assert conditions(default, "StartTask", "ec2:CancelImportTask") == [own]


@pytest.mark.parametrize(
    "function", ["StartTask", "FinishRequest", "CleanUp", "ReconcilerFunction", "DrainFunction"]
)
def test_nothing_that_exists_is_tagged_but_with_the_workflows_own_tag(
    function: str, default: Synthesised
) -> None:
    marked = {"StringEquals": {"aws:RequestTag/vmie:workflow": {"Ref": default.name_of(TABLE)}}}
    found = conditions(default, function, "ec2:CreateTags")
    existing = [each for each in found if "ec2:CreateAction" not in json.dumps(each)]
    assert existing == [marked]


@pytest.mark.parametrize("function", ["CleanUp", "ReconcilerFunction", "DrainFunction"])
def test_only_what_carries_the_workflows_tag_is_cancelled_or_deleted(
    function: str, default: Synthesised
) -> None:
    allowed = specific(default, function)
    assert allowed["ec2:CancelImportTask"] == [TASKS, SNAPSHOT_TASKS]
    assert allowed["ec2:DeregisterImage"] == [IMAGES]
    assert allowed["ec2:DeleteSnapshot"] == [SNAPSHOTS]
    own = {"StringEquals": {"aws:ResourceTag/vmie:workflow": {"Ref": default.name_of(TABLE)}}}
    for action in ("CancelImportTask", "DeregisterImage", "DeleteSnapshot"):
        assert conditions(default, function, f"ec2:{action}") == [own]


def test_recording_writes_results_and_nothing_else_in_the_bucket(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "RecordResult") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        **publishing(known),
    }


def test_intake_enters_requests_and_wakes_the_reconciler(default: Synthesised) -> None:
    known = names(default)
    assert specific(default, "IntakeFunction") == {
        "dynamodb:GetItem": [known["table"]],
        "dynamodb:PutItem": [known["table"]],
        "dynamodb:UpdateItem": [known["table"]],
        "dynamodb:Query": [f"{known['table']}/index/open", f"{known['table']}/index/source"],
        "s3:GetObject": [f"{known['bucket']}/requests/*"],
        "s3:ListBucket": [known["bucket"]],
        "lambda:InvokeFunction": [f"<{default.name_of('AWS::Lambda::Function', 'Reconciler')}.Arn>"],
        **{
            f"sqs:{action}": [known["queue"]]
            for action in (
                "ReceiveMessage",
                "ChangeMessageVisibility",
                "GetQueueUrl",
                "DeleteMessage",
                "GetQueueAttributes",
            )
        },
        **publishing(known),
    }


def test_the_reconciler_starts_and_stops_executions_of_this_state_machine_only(default: Synthesised) -> None:
    allowed = specific(default, "ReconcilerFunction")
    machine = default.name_of(MACHINE)
    executions = f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<{machine}.Name>:*"
    assert allowed["states:StartExecution"] == [f"<{machine}>"]
    assert allowed["states:DescribeExecution"] == [executions]
    assert allowed["states:StopExecution"] == [executions]
    assert allowed["states:SendTaskSuccess"] == [f"<{machine}>"]
    table = names(default)["table"]
    assert allowed["dynamodb:Query"] == [f"{table}/index/open", f"{table}/index/source"]
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


FOR_CALLERS_OF_EC2 = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}
FOR_SERVICES_ONLY = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_the_start_may_use_the_keys_of_images_and_grant_them_to_services_only() -> None:
    def build(stack: cdk.Stack) -> None:
        import_half(
            stack,
            image_encryption_key=kms.Key(stack, "Key"),
            allowed_kms_keys=[kms.Key.from_key_arn(stack, "Other", f"{KEY}0")],
        )

    found = synthesise(build)
    start = {action: on for action, on in specific(found, "StartTask").items() if action.startswith("kms:")}
    assert start.keys() == FOR_CALLERS_OF_EC2
    keys = {f"<{found.name_of('AWS::KMS::Key')}.Arn>", f"{KEY}0"}
    assert all(set(on) == keys for on in start.values())
    for action in start:
        wanted = FOR_SERVICES_ONLY if action == "kms:CreateGrant" else None
        assert all(each == wanted for each in conditions(found, "StartTask", action)), action
    for function in ("InspectImage", "PollTask", "FinishRequest", "CleanUp", "ReconcilerFunction"):
        assert not [action for action in specific(found, function) if action.startswith("kms:")]


def test_a_key_that_trusts_its_policy_alone_lets_the_start_grant_to_services_only() -> None:
    def build(stack: cdk.Stack) -> None:
        administrator = {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:role/keeper"},
            "Action": "kms:*",
            "Resource": "*",
        }
        policy = {"Version": "2012-10-17", "Statement": [administrator]}
        key = kms.Key.from_cfn_key(kms.CfnKey(stack, "Key", key_policy=policy))
        import_half(stack, image_encryption_key=key)

    found = synthesise(build)
    role = {"Fn::GetAtt": [found.name_of("AWS::IAM::Role", "StartTaskRole"), "Arn"]}
    statements = found.only("AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    told = [each for each in statements if role in as_list(each["Principal"]["AWS"])]
    assert {action for each in told for action in as_list(each["Action"])} == FOR_CALLERS_OF_EC2
    for each in told:
        grants = as_list(each["Action"]) == ["kms:CreateGrant"]
        assert each.get("Condition") == (FOR_SERVICES_ONLY if grants else None)


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
