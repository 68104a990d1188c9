from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from tests.unit.constructs.synthesis import Synthesised, flat, synthesise
from tests.unit.runtime.fake_dynamodb import FakeDynamoDB
from vmie_constructs import ImportWorkflow
from vmie_runtime import errors

FUNCTION, RULE, QUEUE = "AWS::Lambda::Function", "AWS::Events::Rule", "AWS::SQS::Queue"
MACHINE = "AWS::StepFunctions::StateMachine"


@pytest.fixture(scope="module")
def default(imports: Synthesised) -> Synthesised:
    return imports


def workflow(stack: cdk.Stack, **props: Any) -> ImportWorkflow:
    return ImportWorkflow(
        stack,
        "Import",
        import_bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "images-of-ours"),
        service_role=iam.Role.from_role_name(stack, "Role", "vmimport"),
        **props,
    )


def with_props(**props: Any) -> Synthesised:
    return synthesise(lambda stack: workflow(stack, **props))


def definition(found: Synthesised) -> Any:
    return json.loads(flat(found.only(MACHINE)["Properties"]["DefinitionString"]))


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_events_of_the_three_prefixes_reach_the_queue(default: Synthesised) -> None:
    rule = default.only(RULE, "IntakeRule")["Properties"]
    assert rule["EventPattern"]["source"] == ["aws.s3"]
    assert set(rule["EventPattern"]["detail-type"]) == {"Object Created", "Object Deleted"}
    assert rule["EventPattern"]["detail"] == {
        "bucket": {"name": [{"Ref": default.name_of("AWS::S3::Bucket")}]},
        "object": {"key": [{"prefix": "images/"}, {"prefix": "snapshots/"}, {"prefix": "requests/"}]},
    }
    (target,) = rule["Targets"]
    assert flat(target["Arn"]) == f"<{default.name_of(QUEUE, 'QueuesQueue')}.Arn>"
    assert (
        flat(target["DeadLetterConfig"]["Arn"]) == f"<{default.name_of(QUEUE, 'QueuesDeadLetterQueue')}.Arn>"
    )


def test_the_queue_hides_a_message_twice_as_long_as_intake_may_run_and_gives_it_five_tries(
    default: Synthesised,
) -> None:
    queue = default.only(QUEUE, "QueuesQueue")["Properties"]
    assert default.function("IntakeFunction")["Timeout"] == 15 * 60
    assert queue["VisibilityTimeout"] == 30 * 60
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["SqsManagedSseEnabled"] is True
    assert default.only(QUEUE, "DeadLetter")["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_queues_and_topic_take_tls_only(default: Synthesised) -> None:
    policies = {
        **default.of_type("AWS::SQS::QueuePolicy"),
        **default.of_type("AWS::SNS::TopicPolicy"),
    }
    assert len(policies) == 3
    for policy in policies.values():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [
            statement.get("Condition") for statement in statements if statement["Effect"] == "Deny"
        ]


def test_one_bad_message_of_a_batch_is_retried_alone(default: Synthesised) -> None:
    mapping = default.only("AWS::Lambda::EventSourceMapping")["Properties"]
    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_reconciler_is_woken_by_the_schedule_and_by_the_ends_of_this_state_machine(
    default: Synthesised,
) -> None:
    assert default.only(RULE, "Schedule")["Properties"]["ScheduleExpression"] == "rate(5 minutes)"
    pattern = default.only(RULE, "ExecutionEnded")["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.states"]
    assert pattern["detail"]["stateMachineArn"] == [{"Ref": default.name_of(MACHINE)}]
    assert set(pattern["detail"]["status"]) == {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
    reconciler = f"<{default.name_of(FUNCTION, 'ReconcilerFunction')}.Arn>"
    for part in ("Schedule", "ExecutionEnded"):
        (target,) = default.only(RULE, part)["Properties"]["Targets"]
        assert flat(target["Arn"]) == reconciler


def test_the_topic_is_encrypted_with_the_accounts_key_unless_another_is_given(default: Synthesised) -> None:
    assert default.only("AWS::SNS::Topic")["Properties"] == {"KmsMasterKeyId": "alias/aws/sns"}


def test_the_pause_parameter_holds_nothing_back_at_first(default: Synthesised) -> None:
    pause = default.only("AWS::SSM::Parameter")["Properties"]
    assert pause["Value"] == "false"
    assert pause["AllowedPattern"] == "^(true|false)$"


def test_the_requests_table_is_on_demand_recoverable_and_forgets(default: Synthesised) -> None:
    table = default.only("AWS::DynamoDB::GlobalTable")["Properties"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["KeySchema"] == [{"AttributeName": "Id", "KeyType": "HASH"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ExpiresAt", "Enabled": True}
    assert table["Replicas"][0]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    indexes = {
        index["IndexName"]: [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        "open": [("OpenState", "HASH"), ("QueuedAt", "RANGE")],
        "source": [("SourceAddress", "HASH"), ("Sequencer", "RANGE")],
    }
    assert {name: tuple(key for key, _ in found) for name, found in indexes.items()} == FakeDynamoDB.KEYS
    projected = {
        index["IndexName"]: tuple(index["Projection"].get("NonKeyAttributes", ()))
        for index in table["GlobalSecondaryIndexes"]
    }
    assert projected == FakeDynamoDB.PROJECTED, "The unit tests' table has the same indexes"
    assert {"ALL"}.isdisjoint(
        index["Projection"]["ProjectionType"] for index in table["GlobalSecondaryIndexes"]
    )


def test_the_definition_is_jsonata_throughout(default: Synthesised) -> None:
    machine = definition(default)
    assert machine["QueryLanguage"] == "JSONata"
    jsonpath = {"Parameters", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "ItemsPath"}
    assert not [key for key in keys(machine) if key in jsonpath or key.endswith(".$")]


@pytest.mark.parametrize("state", ["Poll task", "Finish request"])
def test_services_that_do_not_answer_for_minutes_cost_no_import_that_ran(
    default: Synthesised, state: str
) -> None:
    retry = definition(default)["States"][state]["Retry"][0]
    assert "TransientServiceError" in retry["ErrorEquals"]
    assert retry["MaxAttempts"] * retry["MaxDelaySeconds"] >= 15 * 60


@pytest.mark.parametrize("error", ["CallUnanswered", "Sandbox.Timedout", "Lambda.Unknown"])
def test_a_call_that_may_have_been_carried_out_is_made_again_once_ec2_would_show_it(
    default: Synthesised, error: str
) -> None:
    retries = definition(default)["States"]["Start task"]["Retry"]
    first = next(each for each in retries if error in each["ErrorEquals"])
    assert first["IntervalSeconds"] >= 60
    assert first.get("JitterStrategy", "NONE") == "NONE"


@pytest.mark.parametrize("state", ["Start task", "Finish request"])
def test_a_tag_that_policies_do_not_see_yet_is_waited_for_for_minutes(
    default: Synthesised, state: str
) -> None:
    retries = definition(default)["States"][state]["Retry"]
    (retry,) = (each for each in retries if "TagNotSeenYet" in each["ErrorEquals"])
    waits = [
        retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt for attempt in range(retry["MaxAttempts"])
    ]
    assert 120 <= sum(waits) <= 600


def test_every_error_that_a_state_knows_by_name_is_one_that_the_runtime_raises(default: Synthesised) -> None:
    known = {
        name
        for state in definition(default)["States"].values()
        for each in (*state.get("Retry", []), *state.get("Catch", []))
        for name in each["ErrorEquals"]
        if "." not in name
    }
    assert known == {name for name in known if hasattr(errors, name)}
    assert {"CallUnanswered", "TagNotSeenYet"} <= known


def test_the_state_machine_logs_errors_without_data_and_outlasts_a_wait_and_the_deadline(
    default: Synthesised,
) -> None:
    properties = default.only(MACHINE)["Properties"]
    assert properties["LoggingConfiguration"]["Level"] == "ERROR"
    assert properties["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert properties["TracingConfiguration"] == {"Enabled": True}
    assert "StateMachineType" not in properties  # the default is Standard
    assert definition(default)["TimeoutSeconds"] == 26 * 3600


def states(default: Synthesised) -> dict[str, Any]:
    found: dict[str, Any] = definition(default)["States"]
    return found


def test_only_a_direct_start_waits_for_its_admission(default: Synthesised) -> None:
    """The reconciler's executions have the request's id for their input; somebody's have the request."""
    machine = definition(default)
    first = machine["States"][machine["StartAt"]]
    (direct,) = first["Choices"]
    assert "Execution.Input.RequestId" in direct["Condition"]
    assert (direct["Next"], first["Default"]) == ("Await admission", "Validate request")
    waiting = machine["States"]["Await admission"]
    assert waiting["Resource"].endswith(":lambda:invoke.waitForTaskToken")
    assert waiting["TimeoutSeconds"] == 12 * 3600
    assert waiting["Arguments"]["Payload"]["TaskToken"] == "{% $states.context.Task.Token %}"
    assert waiting["Next"] == "Validate request"


def test_stages_follow_one_another_and_then_the_request_is_finished(default: Synthesised) -> None:
    found = states(default)
    after = found["What comes next?"]
    assert {choice["Condition"]: choice["Next"] for choice in after["Choices"]} == {
        "{% $states.input.Next = 'finish' %}": "Finish request",
        "{% $states.input.Next = 'start' %}": "Start task",
    }
    assert after["Default"] == "Wait before poll"
    assert found["Start task"]["Next"] == "Wait before poll"
    assert found["Wait before poll"]["Next"] == "Poll task"


def test_what_is_queued_again_ends_or_waits_anew_where_somebody_waits_for_it(default: Synthesised) -> None:
    found = states(default)
    for state in ("Return to queue", "Record failure"):
        assert found[state]["Next"] == "Who waits for it?"
    (direct,) = found["Who waits for it?"]["Choices"]
    assert direct["Next"] == "Await admission"
    assert found["Who waits for it?"]["Default"] == "Queued again"
    assert found["Queued again"]["Type"] == "Succeed"


def test_every_step_that_fails_is_diagnosed_and_a_met_quota_is_none(default: Synthesised) -> None:
    found = states(default)
    for state in (
        "Await admission",
        "Validate request",
        "Inspect image",
        "Start task",
        "Poll task",
        "Finish request",
    ):
        assert (found[state]["Catch"][-1]["ErrorEquals"], found[state]["Catch"][-1]["Next"]) == (
            ["States.ALL"],
            "Diagnose failure",
        )
    quota = found["Start task"]["Catch"][0]
    assert (quota["ErrorEquals"], quota["Next"]) == (["TaskQuotaExceeded"], "Return to queue")


def test_an_inspection_that_ran_out_of_time_is_not_repeated_and_rejects_nothing(default: Synthesised) -> None:
    inspect = states(default)["Inspect image"]
    repeated = [error for retry in inspect["Retry"] for error in retry["ErrorEquals"]]
    assert "Sandbox.Timedout" not in repeated
    assert "Runtime.ExitError" in repeated, "what was killed may not be killed again"
    assert "Sandbox.Timedout" in inspect["Catch"][0]["ErrorEquals"]
    assert inspect["Catch"][0]["Next"] == "Start task"


def test_functions_are_told_what_they_read_and_nothing_else(default: Synthesised) -> None:
    """Their settings are read by name: one that is missing fails, one too many tells a stranger's code."""
    owner = {"VMIE_BUCKET", "VMIE_SERVICE_ROLE_NAME", "VMIE_IMPORT_DEFAULTS", "VMIE_ALLOWED"}
    common = {"VMIE_REQUESTS_TABLE", "VMIE_WORKFLOW_KIND"}
    results = {"VMIE_BUCKET", "VMIE_TOPIC_ARN", "VMIE_EVENT_BUS"}
    told = {
        "AwaitAdmission": {*common, *results, "VMIE_QUEUE_URL"},
        "ValidateRequest": {*common, *owner, "VMIE_DEADLINE_SECONDS", "VMIE_STARTING_ROLE"},
        "InspectImage": set(),
        "StartTask": {*common, *owner},
        "PollTask": {*common, *results, "VMIE_STALL_SECONDS"},
        "FinishRequest": {*common, *owner},
        "DiagnoseFailure": owner,
        "CleanUp": {*common, "VMIE_BUCKET"},
        "RecordResult": {*common, *results},
        "IntakeFunction": {*common, *results, "VMIE_RECONCILER_FUNCTION", "VMIE_MAX_CONCURRENT_TASKS"},
    }
    for name, variables in told.items():
        environment = default.function(name)["Environment"]["Variables"]
        own = {each for each in environment if each.startswith("VMIE_")}
        # The kind defaults to `import`.
        assert own | {"VMIE_WORKFLOW_KIND"} == variables | {"VMIE_WORKFLOW_KIND"}, name


def test_the_policies_of_keys_are_held_against_the_role_that_starts_tasks(default: Synthesised) -> None:
    told = default.function("ValidateRequest")["Environment"]["Variables"]["VMIE_STARTING_ROLE"]
    assert told == default.function("StartTask")["Role"]


def test_steps_are_published_versions_that_later_deployments_keep(default: Synthesised) -> None:
    called = {
        state["Arguments"]["FunctionName"].strip("<>")
        for state in definition(default)["States"].values()
        if state["Type"] == "Task"
    }
    versions = default.of_type("AWS::Lambda::Version")
    assert called == set(versions)
    assert {version["DeletionPolicy"] for version in versions.values()} == {"Retain"}


def test_the_state_machine_calls_every_version_of_its_own_steps_and_nothing_else(
    default: Synthesised,
) -> None:
    invoked = default.allowed("StateMachineRole")["lambda:InvokeFunction"]
    steps = [name for name in default.of_type(FUNCTION) if "ImportSteps" in name]
    versions = list(default.of_type("AWS::Lambda::Version"))
    assert len(steps) == 9
    assert sorted(invoked) == sorted(
        [*(f"<{step}.Arn>:*" for step in steps), *(f"<{version}>" for version in versions)]
    )


def transitive_dependencies(found: Synthesised, name: str) -> set[str]:
    """What CloudFormation deletes only after `name`."""
    resources = found.template["Resources"]
    reached: set[str] = set()
    open_names = [name]
    while open_names:
        resource = resources[open_names.pop()]
        mentioned = set(resource.get("DependsOn", [])) | referenced(resource.get("Properties", {}))
        fresh = (mentioned & set(resources)) - reached
        reached |= fresh
        open_names += fresh
    return reached


def referenced(value: Any) -> set[str]:
    match value:
        case {"Ref": name}:
            return {name}
        case {"Fn::GetAtt": [name, _]}:
            return {name}
        case dict():
            return set().union(*map(referenced, value.values()))
        case list():
            return set().union(*map(referenced, value))
    return set()


def test_on_deletion_the_drain_comes_before_all_that_it_needs(default: Synthesised) -> None:
    drain = default.name_of("Custom::VmieDrain")
    later = transitive_dependencies(default, drain)
    for needed in (
        default.name_of("AWS::DynamoDB::GlobalTable"),
        default.name_of("AWS::S3::BucketPolicy"),
        default.name_of(MACHINE),
        default.name_of("AWS::SNS::Topic"),
        default.name_of("AWS::SNS::TopicPolicy"),
        default.name_of("AWS::IAM::Policy", "DrainFunctionRole"),
        default.name_of("AWS::IAM::Policy", "ServiceRole"),
        default.name_of("AWS::IAM::Policy", "StateMachineRole"),
        default.name_of("AWS::Logs::LogGroup", "DrainFunction"),
        *(name for name in default.of_type(FUNCTION) if "Steps" in name),
    ):
        assert needed in later, needed


def test_on_deletion_what_brings_work_in_goes_before_the_drain(default: Synthesised) -> None:
    drain = default.name_of("Custom::VmieDrain")
    for name in (*default.of_type(RULE), default.name_of("AWS::Lambda::EventSourceMapping")):
        assert drain in transitive_dependencies(default, name), name


def test_the_drain_is_answered_by_our_own_function_unversioned(default: Synthesised) -> None:
    token = flat(default.only("Custom::VmieDrain")["Properties"]["ServiceToken"])
    assert token == f"<{default.name_of(FUNCTION, 'DrainFunction')}.Arn>"


def test_no_function_but_our_own_is_made(default: Synthesised) -> None:
    functions = default.of_type(FUNCTION).values()
    assert {function["Properties"]["Handler"].split(".")[0] for function in functions} == {"vmie_runtime"}
    assert len(list(functions)) == 12


def test_every_function_has_a_role_and_a_log_group_of_its_own(default: Synthesised) -> None:
    functions = [each["Properties"] for each in default.of_type(FUNCTION).values()]
    assert len({flat(each["Role"]) for each in functions}) == len(functions)
    assert len({flat(each["LoggingConfig"]["LogGroup"]) for each in functions}) == len(functions)
    assert not [role for role in default.of_type("AWS::IAM::Role").values() if "ManagedPolicyArns" in role]


def test_functions_run_the_newest_python_on_arm_and_are_traced(default: Synthesised) -> None:
    for function in (each["Properties"] for each in default.of_type(FUNCTION).values()):
        assert function["Runtime"] == "python3.14"
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_runtime_architecture_and_log_retention_can_be_chosen() -> None:
    found = with_props(
        runtime=lambda_.Runtime("python3.11", lambda_.RuntimeFamily.PYTHON),
        architecture=lambda_.Architecture.X86_64,
        log_retention=logs.RetentionDays.ONE_WEEK,
    )
    functions = [each["Properties"] for each in found.of_type(FUNCTION).values()]
    assert {each["Runtime"] for each in functions} == {"python3.11"}
    assert {each["Architectures"][0] for each in functions} == {"x86_64"}
    groups = [each["Properties"] for each in found.of_type("AWS::Logs::LogGroup").values()]
    assert {each["RetentionInDays"] for each in groups} == {7}


def test_fips_endpoints_are_used_where_asked(default: Synthesised) -> None:
    asked = with_props(use_fips_endpoints=True).of_type(FUNCTION).values()
    assert {each["Properties"]["Environment"]["Variables"]["AWS_USE_FIPS_ENDPOINT"] for each in asked} == {
        "true"
    }
    assert "FIPS" not in json.dumps(default.template)


def test_limits_reach_the_functions_that_keep_them() -> None:
    found = with_props(
        max_concurrent_tasks=20, deadline=cdk.Duration.hours(30), stall_timeout=cdk.Duration.hours(6)
    )
    variables = found.function("ReconcilerFunction")["Environment"]["Variables"]
    assert variables["VMIE_MAX_CONCURRENT_TASKS"] == "20"
    intake = found.function("IntakeFunction")["Environment"]["Variables"]
    assert intake["VMIE_MAX_CONCURRENT_TASKS"] == "20"
    assert variables["VMIE_DEADLINE_SECONDS"] == "108000"
    assert found.function("PollTask")["Environment"]["Variables"]["VMIE_STALL_SECONDS"] == "21600"
    validate = found.function("ValidateRequest")["Environment"]["Variables"]
    assert validate["VMIE_DEADLINE_SECONDS"] == "108000"
    assert definition(found)["TimeoutSeconds"] == 62 * 3600


def test_another_limit_publishes_no_step_again() -> None:
    assert set(with_props(max_concurrent_tasks=6).of_type("AWS::Lambda::Version")) == set(
        with_props(max_concurrent_tasks=7).of_type("AWS::Lambda::Version")
    )


def test_import_defaults_reach_the_import_in_its_own_terms() -> None:
    def build(stack: cdk.Stack) -> None:
        workflow(
            stack,
            license_type="BYOL",
            boot_mode="uefi",
            platform="Linux",
            image_architecture="arm64",
            image_encryption_key=kms.Key(stack, "Key"),
            image_description="nightly",
            image_tags={"team": "web"},
        )

    found = synthesise(build)
    defaults = flat(found.function("StartTask")["Environment"]["Variables"]["VMIE_IMPORT_DEFAULTS"])
    assert json.loads(defaults) == {
        "LicenseType": "BYOL",
        "BootMode": "uefi",
        "Platform": "Linux",
        "Architecture": "arm64",
        "Encrypted": True,
        "KmsKeyId": f"<{found.name_of('AWS::KMS::Key')}.Arn>",
        "Description": "nightly",
        "Tags": {"team": "web"},
    }
    assert "kms:CreateGrant" in found.allowed("RolePolicy")


def test_without_defaults_ec2_decides(default: Synthesised) -> None:
    assert default.function("StartTask")["Environment"]["Variables"]["VMIE_IMPORT_DEFAULTS"] == "{}"


@pytest.mark.parametrize(
    ("props", "said"),
    [
        ({"max_concurrent_tasks": 0}, "max_concurrent_tasks is 0.*pause parameter"),
        ({"deadline": cdk.Duration.minutes(1)}, "deadline is 1 minute; .*between 5 minutes and 36 hours"),
        ({"deadline": cdk.Duration.hours(37)}, "deadline is 1 day 1[0-9] hours; .*25,000 events"),
        ({"stall_timeout": cdk.Duration.hours(13)}, "stall_timeout is 13 hours and deadline 12 hours"),
        ({"license_type": "byol"}, "license_type is 'byol'; EC2 takes AWS or BYOL"),
        ({"boot_mode": "uefi-preferred"}, "boot_mode is 'uefi-preferred'; EC2 takes legacy-bios or uefi"),
        ({"platform": "linux"}, "platform is 'linux'; EC2 takes Windows or Linux"),
        ({"image_architecture": "x64"}, "image_architecture is 'x64'; EC2 takes i386, x86_64 or arm64"),
        ({"image_tags": {"vmie:workflow": "x"}}, "image_tags holds 'vmie:workflow'"),
        ({"image_tags": {f"t{n}": "" for n in range(41)}}, "image_tags holds 41 tags and may hold 40"),
        ({"runtime": lambda_.Runtime.NODEJS_22_X}, "runtime is 'nodejs22.x'; .*Python"),
    ],
)
def test_what_cannot_work_is_refused_with_what_was_given(props: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        workflow(cdk.Stack(), **props)


def test_a_key_for_unencrypted_images_is_refused() -> None:
    stack = cdk.Stack()
    with pytest.raises(ValueError, match="image_encryption_key is given and encrypted is False"):
        workflow(stack, encrypted=False, image_encryption_key=kms.Key(stack, "Key"))


def test_a_short_deadline_shortens_the_stall() -> None:
    found = with_props(deadline=cdk.Duration.hours(2))
    assert found.function("PollTask")["Environment"]["Variables"]["VMIE_STALL_SECONDS"] == "7200"


def test_one_key_encrypts_table_queues_topic_and_logs_in_an_agnostic_stack() -> None:
    found = synthesise(lambda stack: workflow(stack, encryption_key=kms.Key(stack, "Key")))
    key = f"<{found.name_of('AWS::KMS::Key')}.Arn>"
    table = found.only("AWS::DynamoDB::GlobalTable")["Properties"]
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert flat(table["Replicas"][0]["SSESpecification"]["KMSMasterKeyId"]) == key
    for resource_type, name in (
        (QUEUE, "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
    ):
        resources = found.of_type(resource_type).values()
        assert {flat(each["Properties"][name]) for each in resources} == {key}
    users = {
        flat(statement["Principal"].get("Service", ""))
        for statement in found.only("AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    }
    assert {"logs.<AWS::Region>.amazonaws.com", "events.amazonaws.com"} <= users


def test_an_existing_topic_and_bus_are_used() -> None:
    def build(stack: cdk.Stack) -> None:
        topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111122223333:ends")
        bus = events.EventBus.from_event_bus_name(stack, "Bus", "ours")
        made = workflow(stack, notification_topic=topic, event_bus=bus)
        made.on_failed("Failed", target=targets.SqsQueue(sqs.Queue(stack, "Failures")))

    found = synthesise(build)
    assert not found.of_type("AWS::SNS::Topic")
    variables = found.function("RecordResult")["Environment"]["Variables"]
    assert variables["VMIE_TOPIC_ARN"] == "arn:aws:sns:eu-west-1:111122223333:ends"
    assert variables["VMIE_EVENT_BUS"] == "ours"
    allowed = found.allowed("RecordResult")
    assert allowed["sns:Publish"] == ["arn:aws:sns:eu-west-1:111122223333:ends"]
    assert allowed["events:PutEvents"][0].endswith(":event-bus/ours")
    assert found.only(RULE, "ImportFailed")["Properties"]["EventBusName"] == "ours"


def test_ends_of_this_workflow_can_be_followed() -> None:
    def build(stack: cdk.Stack) -> None:
        made = workflow(stack)
        made.on_succeeded("Succeeded", target=targets.SqsQueue(sqs.Queue(stack, "Successes")))
        made.on_failed("Failed")

    found = synthesise(build)
    table = [{"Ref": found.name_of("AWS::DynamoDB::GlobalTable")}]
    succeeded = found.only(RULE, "ImportSucceeded")["Properties"]
    assert succeeded["EventPattern"] == {
        "source": ["vmie"],
        "detail-type": ["VM Import Succeeded"],
        "detail": {"Workflow": table},
    }
    assert flat(succeeded["Targets"][0]["Arn"]) == f"<{found.name_of(QUEUE, 'Successes')}.Arn>"
    failed = found.only(RULE, "ImportFailed")["Properties"]["EventPattern"]
    assert set(failed["detail-type"]) == {
        "VM Import Failed",
        "VM Import Rejected",
        "VM Import Cancelled",
        "VM Import TimedOut",
    }
    assert failed["detail"] == {"Workflow": table}


def test_metrics_are_those_that_the_runtime_measures() -> None:
    stack = cdk.Stack()
    made = workflow(stack)
    for metric, name, statistic in (
        (made.metric_succeeded(), "Succeeded", "Sum"),
        (made.metric_failed(), "Failed", "Sum"),
        (made.metric_duration(), "Duration", "Average"),
    ):
        assert (metric.namespace, metric.metric_name, metric.statistic) == ("VmImportExport", name, statistic)
        dimensions = metric.dimensions
        assert dimensions is not None
        assert set(dimensions) == {"Kind", "Workflow"}
        assert dimensions["Kind"] == "import"
        assert stack.resolve(dimensions["Workflow"]) == stack.resolve(made.requests_table.table_name)
    hourly = made.metric_failed(period=cdk.Duration.hours(1), statistic="Maximum")
    assert (hourly.period.to_seconds(), hourly.statistic) == (3600, "Maximum")


def test_whoever_is_granted_may_start_executions_and_nothing_else() -> None:
    def build(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "Starter", assumed_by=iam.AccountRootPrincipal())
        workflow(stack).grant_start(role)

    found = synthesise(build)
    assert found.allowed("Starter") == {"states:StartExecution": [f"<{found.name_of(MACHINE)}>"]}


def test_every_part_a_user_may_want_is_exposed() -> None:
    made = workflow(cdk.Stack())
    assert set(made.functions) == {
        *("AwaitAdmission", "ValidateRequest", "InspectImage", "StartTask", "PollTask", "FinishRequest"),
        *("DiagnoseFailure", "CleanUp", "RecordResult", "Intake", "Reconciler", "Drain"),
    }
    exposed = [name for name, _ in inspect.getmembers(type(made), lambda each: isinstance(each, property))]
    for name in ("state_machine", "requests_table", "queue", "dead_letter_queue", "topic", "event_bus"):
        assert name in exposed
        assert getattr(made, name) is not None
