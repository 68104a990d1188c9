"""Step Functions through the public endpoint, with IAM enforced for the state machine's role."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.making import Making, eventually, unique
from vmie_local import LocalAws

INVOKE = "arn:aws:states:::lambda:invoke"
END: dict[str, Any] = {"Type": "Succeed"}
WAITING: dict[str, Any] = {"A": {"Type": "Wait", "Seconds": 99999999, "End": True}}


@pytest.fixture
def make(cloud: LocalAws) -> Making:
    return Making(cloud)


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test(cloud: LocalAws) -> Iterator[None]:
    yield
    cloud.events.stop_tampering()
    cloud.functions.interruptions.clear()
    for execution in cloud.workflows.store.executions():
        execution.end(execution.flow, "ABORTED")


def task(resource: str, arguments: Any, **more: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments}
    return {**state, **({} if "Next" in more else {"End": True}), **more}


def invoking(name: str, payload: Any, **more: Any) -> dict[str, Any]:
    return task("lambda:invoke", {"FunctionName": name, "Payload": payload}, **more)


def output(described: dict[str, Any]) -> Any:
    assert described["status"] == "SUCCEEDED", (described.get("error"), described.get("cause"))
    return json.loads(described["output"])


STEP = """
    class TaskQuotaExceeded(Exception): pass
    def handler(event, context):
        if event.get("fail"): raise TaskQuotaExceeded("five are running")
        return {"version": context.function_version, "event": event}
"""


def test_an_upload_runs_through_queue_intake_and_state_machine(make: Making) -> None:
    step = make.function(STEP)
    version = make.functions.publish_version(FunctionName=step)["FunctionArn"]
    payload = {"Key": "{% $states.input.key %}", "Now": "{% $states.context.State.EnteredTime %}"}
    machine = make.machine(
        {"A": invoking(version, payload, Output="{% $states.result.Payload %}")}, ["lambda:InvokeFunction"]
    )
    intake = """
        import boto3, json, os
        def handler(event, context):
            for record in event["Records"]:
                told = json.loads(record["body"])
                boto3.client("stepfunctions").start_execution(
                    stateMachineArn=os.environ["MACHINE"],
                    name=told["detail"]["object"]["sequencer"],
                    input=json.dumps({"key": told["detail"]["object"]["key"]}),
                )
    """
    actions = ["states:StartExecution", "sqs:ReceiveMessage", "sqs:DeleteMessage"]
    name = make.function(intake, actions, Environment={"Variables": {"MACHINE": machine}})
    (_, queue), bucket = make.queue(), make.bucket(Status="Enabled")
    make.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName=name)
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}},
    }
    make.rule(pattern, {"Arn": queue})
    make.s3.put_object(Bucket=bucket, Key="images/web.ova", Body=b"disk")
    (execution,) = eventually(
        lambda: make.states.list_executions(stateMachineArn=machine)["executions"], "an execution"
    )
    answer = output(make.ended(execution["executionArn"]))
    assert answer["version"] == "1"
    assert answer["event"]["Key"] == "images/web.ova"
    assert answer["event"]["Now"].endswith("Z")


def test_an_exception_of_a_function_is_an_error_by_its_class_name(make: Making) -> None:
    catch = [{"ErrorEquals": ["TaskQuotaExceeded"], "Next": "B", "Output": "{% $states.errorOutput %}"}]
    states = {"A": invoking(make.function(STEP), {"fail": True}, Catch=catch, Next="B"), "B": END}
    caught = output(make.run(make.machine(states, ["lambda:InvokeFunction"])))
    assert caught["Error"] == "TaskQuotaExceeded"
    cause = json.loads(caught["Cause"])
    assert (cause["errorType"], cause["errorMessage"]) == ("TaskQuotaExceeded", "five are running")


@pytest.mark.parametrize(
    ("actions", "error"),
    [
        ([], "Lambda.AWSLambdaException"),
        (["lambda:InvokeFunction"], "Lambda.ResourceNotFoundException"),
    ],
)
def test_errors_of_the_lambda_service_are_named_as_step_functions_names_them(
    make: Making, actions: list[str], error: str
) -> None:
    described = make.run(make.machine({"A": invoking("no-such-function", {})}, actions))
    assert (described["status"], described["error"]) == ("FAILED", error)
    assert "Status Code: 40" in described["cause"]


def test_a_function_killed_in_a_step_is_retried(make: Making) -> None:
    name = make.function(STEP, name="step")
    order = make.cloud.functions.kill_next(name)
    retry = [{"ErrorEquals": ["Runtime.ExitError"], "IntervalSeconds": 5}]
    states = {"A": invoking(name, {}, Retry=retry, Output="{% $states.context.State.RetryCount %}")}
    assert output(make.run(make.machine(states, ["lambda:InvokeFunction"]))) == 1
    assert order.spent


def test_a_function_may_be_called_by_its_arn(make: Making) -> None:
    arn = make.functions.get_function_configuration(FunctionName=make.function(STEP))["FunctionArn"]
    states = {"A": {"Type": "Task", "Resource": arn, "Arguments": {"a": 1}, "End": True}}
    described = make.run(make.machine(states, ["lambda:InvokeFunction"]))
    assert output(described)["event"] == {"a": 1}
    history = make.states.get_execution_history(executionArn=described["executionArn"])["events"]
    assert [event["type"] for event in history][2:5] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
    ]


def test_a_task_that_takes_too_long_times_out_on_the_scaled_clock(make: Making) -> None:
    source = """
        import time
        def handler(event, context):
            time.sleep(20)
    """
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "B", "Output": "caught"}]
    states = {"A": invoking(make.function(source), {}, TimeoutSeconds=60, Catch=catch, Next="B"), "B": END}
    assert output(make.run(make.machine(states, ["lambda:InvokeFunction"]))) == "caught"


def test_sdk_integrations_take_and_give_pascal_case(make: Making) -> None:
    table = unique("table")
    make.dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    condition = {"ConditionExpression": "attribute_not_exists(Id)"}
    put = {"TableName": table, "Item": {"Id": {"S": "{% $states.input.id %}"}}, **condition}
    catch = [{"ErrorEquals": ["DynamoDb.ConditionalCheckFailedException"], "Next": "D"}]
    states = {
        "A": task("aws-sdk:dynamodb:putItem", put, Output="{% $states.input %}", Next="B"),
        "B": task("aws-sdk:dynamodb:putItem", put, Catch=catch, Next="D"),
        "D": task("dynamodb:getItem", {"TableName": table, "Key": {"Id": {"S": "x"}}}, Next="E"),
        "E": task(
            "aws-sdk:sfn:describeStateMachine",
            {"StateMachineArn": "{% $states.context.StateMachine.Id %}"},
            Output={"item": "{% $states.input.Item %}", "name": "{% $states.result.Name %}"},
        ),
    }
    actions = ["dynamodb:PutItem", "dynamodb:GetItem", "states:DescribeStateMachine"]
    machine = make.machine(states, actions)
    assert output(make.run(machine, {"id": "x"})) == {
        "item": {"Id": {"S": "x"}},
        "name": machine.split(":")[-1],
    }


def test_errors_of_sdk_integrations_are_named_as_step_functions_names_them(make: Making) -> None:
    cases = {
        "Ec2.Ec2Exception": ("aws-sdk:ec2:describeImages", {"ImageIds": ["ami-00000000000000000"]}),
        "S3.NoSuchKeyException": ("aws-sdk:s3:getObject", {"Bucket": make.bucket(), "Key": "nothing"}),
        "Ssm.ParameterNotFoundException": ("aws-sdk:ssm:getParameter", {"Name": "/nothing"}),
        "Sfn.ExecutionDoesNotExistException": (
            "aws-sdk:sfn:describeExecution",
            {"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:a:b"},
        ),
    }
    actions = [
        "ec2:DescribeImages",
        "s3:GetObject",
        "s3:ListBucket",
        "ssm:GetParameter",
        "states:DescribeExecution",
    ]
    for error, (resource, arguments) in cases.items():
        described = make.run(make.machine({"A": task(resource, arguments)}, actions))
        assert (described["status"], described.get("error")) == ("FAILED", error)
        assert f"(Service: {error.split('.')[0]}, Status Code: 4" in described["cause"]


def test_messages_topics_and_events_take_documents(make: Making) -> None:
    (queue, queue_arn), (behind, behind_arn), source = make.queue(), make.queue(), unique("source")
    topic = make.sns.create_topic(Name=unique("topic"))["TopicArn"]
    make.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=behind_arn)
    make.rule({"source": [source]}, {"Arn": queue_arn})
    entry = {"Source": source, "DetailType": "d", "Detail": {"c": 3}}
    states = {
        "A": task("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"a": 1}}, Next="B"),
        "B": task("sns:publish", {"TopicArn": topic, "Message": {"b": 2}}, Next="C"),
        "C": task("events:putEvents", {"Entries": [entry]}, Output="{% $states.result.FailedEntryCount %}"),
    }
    actions = ["sqs:SendMessage", "sns:Publish", "events:PutEvents"]
    assert output(make.run(make.machine(states, actions))) == 0
    bodies = [json.loads(message["Body"]) for message in make.receive(queue, 2)]
    assert {"a": 1} in bodies
    assert [body["detail"] for body in bodies if "detail" in body] == [{"c": 3}]
    assert json.loads(json.loads(make.receive(behind)[0]["Body"])["Message"]) == {"b": 2}


def test_a_rejected_event_fails_the_state(make: Making) -> None:
    entry = {"Source": "aws.forbidden", "DetailType": "d", "Detail": {}}
    described = make.run(
        make.machine({"A": task("events:putEvents", {"Entries": [entry]})}, ["events:PutEvents"])
    )
    assert described["error"] == "EventBridge.FailedEntry"


def waiting_for_token(make: Making, **more: Any) -> tuple[str, str]:
    queue, _ = make.queue()
    arguments = {"QueueUrl": queue, "MessageBody": {"token": "{% $states.context.Task.Token %}"}}
    state = task("sqs:sendMessage.waitForTaskToken", arguments, **more)
    machine = make.machine({"A": state}, ["sqs:SendMessage"])
    execution = make.states.start_execution(stateMachineArn=machine)["executionArn"]
    return execution, json.loads(make.receive(queue)[0]["Body"])["token"]


def test_a_task_may_be_answered_from_outside(make: Making) -> None:
    execution, token = waiting_for_token(make)
    make.states.send_task_heartbeat(taskToken=token)
    make.states.send_task_success(taskToken=token, output='{"ok": true}')
    assert output(make.ended(execution)) == {"ok": True}
    with pytest.raises(make.states.exceptions.TaskTimedOut):
        make.states.send_task_success(taskToken=token, output="{}")
    with pytest.raises(make.states.exceptions.InvalidToken):
        make.states.send_task_failure(taskToken="made up")


def test_a_task_may_be_failed_from_outside(make: Making) -> None:
    execution, token = waiting_for_token(make)
    make.states.send_task_failure(taskToken=token, error="Refused", cause="by a person")
    described = make.ended(execution)
    assert (described["error"], described["cause"]) == ("Refused", "by a person")


def test_a_task_without_signs_of_life_times_out(make: Making) -> None:
    execution, _ = waiting_for_token(make, TimeoutSeconds=99999, HeartbeatSeconds=300)
    assert make.ended(execution)["error"] == "States.HeartbeatTimeout"


def test_a_state_machine_may_wait_for_another(make: Making) -> None:
    inner = make.machine(
        {
            "A": {"Type": "Wait", "Seconds": 60, "Next": "B"},
            "B": {"Type": "Pass", "Output": {"n": 1}, "End": True},
        }
    )
    failing = make.machine({"A": {"Type": "Fail", "Error": "Inner"}})
    actions = ["states:StartExecution", "states:DescribeExecution", "states:StopExecution"]
    run = task(
        "states:startExecution.sync:2", {"StateMachineArn": inner}, Output="{% $states.result.Output %}"
    )
    assert output(make.run(make.machine({"A": run}, actions))) == {"n": 1}
    described = make.run(
        make.machine({"A": task("states:startExecution.sync:2", {"StateMachineArn": failing})}, actions)
    )
    assert described["error"] == "States.TaskFailed"
    assert json.loads(described["cause"])["Error"] == "Inner"


def test_an_execution_is_started_once_per_name(make: Making) -> None:
    machine = make.machine(WAITING)
    first = make.states.start_execution(stateMachineArn=machine, name="n", input='{"a": 1}')
    again = make.states.start_execution(stateMachineArn=machine, name="n", input='{"a":1}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    with pytest.raises(make.states.exceptions.ExecutionAlreadyExists):
        make.states.start_execution(stateMachineArn=machine, name="n", input='{"a": 2}')
    make.states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(make.states.exceptions.ExecutionAlreadyExists):
        make.states.start_execution(stateMachineArn=machine, name="n", input='{"a": 1}')


@pytest.mark.parametrize("name", ["a b", "a/b", "x" * 81])
def test_bad_names_are_refused(make: Making, name: str) -> None:
    with pytest.raises(make.states.exceptions.InvalidName):
        make.states.start_execution(stateMachineArn=make.machine({"A": END}), name=name)


def test_what_does_not_exist_is_told(make: Making) -> None:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:nothing"
    with pytest.raises(make.states.exceptions.StateMachineDoesNotExist, match="State Machine Does Not Exist"):
        make.states.start_execution(stateMachineArn=machine)
    execution = "arn:aws:states:us-east-1:123456789012:execution:nothing:x"
    with pytest.raises(make.states.exceptions.ExecutionDoesNotExist, match="Execution Does Not Exist"):
        make.states.stop_execution(executionArn=execution)


def test_input_must_be_json(make: Making) -> None:
    with pytest.raises(make.states.exceptions.InvalidExecutionInput):
        make.states.start_execution(stateMachineArn=make.machine({"A": END}), input="{")


def test_a_stopped_execution_is_aborted_at_once(make: Making) -> None:
    execution = make.states.start_execution(stateMachineArn=make.machine(WAITING))["executionArn"]
    make.states.stop_execution(executionArn=execution, error="Cancelled", cause="by hand")
    described = make.states.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == (
        "ABORTED",
        "Cancelled",
        "by hand",
    )
    assert described["stopDate"] >= described["startDate"]


def test_a_stopped_execution_stops_the_one_it_waits_for(make: Making) -> None:
    inner = make.machine(WAITING)
    actions = ["states:StartExecution", "states:DescribeExecution", "states:StopExecution"]
    outer = make.machine({"A": task("states:startExecution.sync", {"StateMachineArn": inner})}, actions)
    execution = make.states.start_execution(stateMachineArn=outer)["executionArn"]
    (started,) = eventually(
        lambda: make.states.list_executions(stateMachineArn=inner)["executions"], "the inner execution"
    )
    make.states.stop_execution(executionArn=execution)
    assert make.ended(started["executionArn"])["status"] == "ABORTED"


def test_executions_are_listed_by_status_in_pages_newest_first(make: Making) -> None:
    machine = make.machine({"A": END})
    names = [f"run-{number}" for number in range(5)]
    for name in names:
        make.run(machine, name=name)
    pages = make.states.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="SUCCEEDED", PaginationConfig={"PageSize": 2}
    )
    listed = [[execution["name"] for execution in page["executions"]] for page in pages]
    assert listed == [["run-4", "run-3"], ["run-2", "run-1"], ["run-0"]]
    assert make.states.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"] == []


def test_a_history_comes_in_pages_and_in_either_order(make: Making) -> None:
    execution = make.run(make.machine({"A": {"Type": "Pass", "Next": "B"}, "B": END}))["executionArn"]
    paginator = make.states.get_paginator("get_execution_history")
    forwards, backwards = (
        [
            event["id"]
            for page in paginator.paginate(
                executionArn=execution, reverseOrder=reverse, PaginationConfig={"PageSize": 4}
            )
            for event in page["events"]
        ]
        for reverse in (False, True)
    )
    assert forwards == [1, 2, 3, 4, 5, 6]
    assert backwards == forwards[::-1]


def test_running_executions_keep_the_definition_they_began_with(make: Making) -> None:
    queue, _ = make.queue()
    arguments = {"QueueUrl": queue, "MessageBody": "{% $states.context.Task.Token %}"}
    old = {
        "A": task("sqs:sendMessage.waitForTaskToken", arguments, Next="B"),
        "B": {"Type": "Pass", "Output": "old", "End": True},
    }
    machine = make.machine(old, ["sqs:SendMessage"])
    execution = make.states.start_execution(stateMachineArn=machine)["executionArn"]
    token = make.receive(queue)[0]["Body"]
    new = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Output": "new", "End": True}},
    }
    make.states.update_state_machine(stateMachineArn=machine, definition=json.dumps(new))
    make.states.send_task_success(taskToken=token, output="{}")
    assert output(make.ended(execution)) == "old"
    assert output(make.run(machine)) == "new"
    described = make.states.describe_state_machine(stateMachineArn=machine)
    assert (json.loads(described["definition"]), described["status"], described["type"]) == (
        new,
        "ACTIVE",
        "STANDARD",
    )


def test_published_versions_are_run_by_their_arn(make: Making) -> None:
    machine = make.machine({"A": {"Type": "Pass", "Output": 1, "End": True}})
    version = make.states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    new = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Output": 2, "End": True}},
    }
    make.states.update_state_machine(stateMachineArn=machine, definition=json.dumps(new))
    described = make.run(version)
    assert (output(described), described["stateMachineVersionArn"]) == (1, version)
    assert output(make.run(machine)) == 2


def test_a_definition_with_mistakes_is_refused_with_their_places(make: Making) -> None:
    definition = json.dumps(
        {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Z"}}}
    )
    with pytest.raises(
        make.states.exceptions.InvalidDefinition, match="Missing 'Next' target: Z at /States/A/Next"
    ):
        make.states.create_state_machine(
            name=unique("m"), definition=definition, roleArn=make.role([], "states")
        )
    checked = make.states.validate_state_machine_definition(definition=definition)
    assert (checked["result"], checked["diagnostics"][0]["location"]) == ("FAIL", "/States/A/Next")


def test_a_deleted_state_machine_starts_nothing_but_its_executions_go_on(make: Making) -> None:
    machine = make.machine(WAITING)
    execution = make.states.start_execution(stateMachineArn=machine)["executionArn"]
    make.states.delete_state_machine(stateMachineArn=machine)
    with pytest.raises(make.states.exceptions.StateMachineDoesNotExist):
        make.states.start_execution(stateMachineArn=machine)
    assert make.states.describe_execution(executionArn=execution)["status"] == "RUNNING"


def test_the_log_group_hears_what_the_level_asks_for(make: Making) -> None:
    group = unique("/aws/vendedlogs/states/group")
    make.logs.create_log_group(logGroupName=group)
    destination = {"logGroupArn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"}
    machine = make.machine({"A": {"Type": "Fail", "Error": "E", "Cause": "secret"}})
    make.states.update_state_machine(
        stateMachineArn=machine,
        loggingConfiguration={
            "level": "ERROR",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": destination}],
        },
    )
    described = make.run(machine)
    (logged,) = eventually(
        lambda: make.logs.filter_log_events(logGroupName=group)["events"], "the log of the execution"
    )
    entry = json.loads(logged["message"])
    assert (entry["type"], entry["execution_arn"]) == ("ExecutionFailed", described["executionArn"])
    assert entry["details"] == {"error": "E"}


def watched(make: Making, states: dict[str, Any]) -> tuple[str, str]:
    """A state machine and a queue that hears of its executions."""
    machine, (queue, arn) = make.machine(states), make.queue()
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    make.rule(pattern, {"Arn": arn})
    return machine, queue


def test_every_change_of_status_is_an_event(make: Making) -> None:
    machine, queue = watched(make, {"A": {"Type": "Fail", "Error": "E", "Cause": "c"}})
    described = make.run(machine, {"a": 1})
    details = [json.loads(message["Body"])["detail"] for message in make.receive(queue, 2)]
    assert sorted(detail["status"] for detail in details) == ["FAILED", "RUNNING"]
    (failed,) = (detail for detail in details if detail["status"] == "FAILED")
    assert (failed["executionArn"], failed["error"], failed["cause"]) == (described["executionArn"], "E", "c")
    assert json.loads(failed["input"]) == {"a": 1}


def test_status_events_can_be_lost(make: Making) -> None:
    machine, queue = watched(make, {"A": END})
    lost = make.cloud.events.drop_next("aws.states", status="SUCCEEDED")
    make.run(machine)
    make.run(machine)
    statuses = [json.loads(message["Body"])["detail"]["status"] for message in make.receive(queue, 3)]
    assert sorted(statuses) == ["RUNNING", "RUNNING", "SUCCEEDED"]
    assert len(lost.happened) == 1


def test_a_redrive_runs_the_failed_state_again(make: Making) -> None:
    name = make.function(STEP, name="step")
    make.cloud.functions.kill_next(name)
    states = {
        "A": {"Type": "Pass", "Output": 1, "Next": "B"},
        "B": invoking(name, {"in": "{% $states.input %}"}),
    }
    machine = make.machine(states, ["lambda:InvokeFunction"])
    described = make.run(machine)
    assert (described["status"], described["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    make.states.redrive_execution(executionArn=described["executionArn"])
    again = make.ended(described["executionArn"])
    assert output(again)["Payload"]["event"] == {"in": 1}
    assert again["redriveCount"] == 1
    with pytest.raises(make.states.exceptions.ExecutionNotRedrivable):
        make.states.redrive_execution(executionArn=described["executionArn"])


def test_forty_executions_run_at_the_same_time(make: Making) -> None:
    states = {
        "A": {"Type": "Wait", "Seconds": 10, "Next": "B"},
        "B": invoking(
            make.function(STEP), {"n": "{% $states.input %}"}, Output="{% $states.result.Payload.event.n %}"
        ),
    }
    machine = make.machine(states, ["lambda:InvokeFunction"])
    started = [
        make.states.start_execution(stateMachineArn=machine, input=str(number))["executionArn"]
        for number in range(40)
    ]
    assert sorted(output(make.ended(execution)) for execution in started) == list(range(40))


def test_no_thread_is_left_after_an_execution(make: Making) -> None:
    branch = {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": True}}}
    states = {"A": {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": branch, "End": True}}
    make.run(make.machine(states))
    eventually(
        lambda: not [t for t in threading.enumerate() if t.name in ("workflow", "workflow-branch")],
        "no thread",
    )


def test_what_the_local_aws_does_not_offer_is_refused_loudly(make: Making) -> None:
    with pytest.raises(ClientError, match="does not offer states:CreateActivity"):
        make.states.create_activity(name="a")
    jsonpath = json.dumps(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "ResultPath": "$.a", "End": True}}}
    )
    with pytest.raises(make.states.exceptions.InvalidDefinition, match="executes JSONata only"):
        make.states.create_state_machine(
            name=unique("m"), definition=jsonpath, roleArn=make.role([], "states")
        )
