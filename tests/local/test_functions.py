"""Functions as processes, their queues and their events, through the public endpoint with IAM enforced."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.making import Making, eventually, unique, zipped
from vmie_local import LocalAws


@pytest.fixture
def make(cloud: LocalAws) -> Making:
    return Making(cloud)


@pytest.fixture(autouse=True)
def _no_kill_outlives_its_test(cloud: LocalAws) -> Iterator[None]:
    yield
    cloud.functions.interruptions.clear()


ECHO = """
    import os
    def handler(event, context):
        return {"event": event, "pid": os.getpid(), "version": context.function_version}
"""


def test_a_function_sees_its_event_its_role_and_its_environment(make: Making) -> None:
    source = """
        import boto3, os
        def handler(event, context):
            return {
                "event": event,
                "who": boto3.client("sts").get_caller_identity()["Arn"],
                "arn": context.invoked_function_arn,
                "left": context.get_remaining_time_in_millis(),
                "memory": context.memory_limit_in_mb,
                "group": context.log_group_name,
                "mine": os.environ["MINE"],
                "region": os.environ["AWS_REGION"],
                "runtime": os.environ["AWS_EXECUTION_ENV"],
            }
    """
    name = make.function(source, Environment={"Variables": {"MINE": "yes"}}, MemorySize=256)
    answer, error = make.invoke(name, {"a": [1, None, "ü"]})
    assert error is None
    role = make.functions.get_function_configuration(FunctionName=name)["Role"].rsplit("/", 1)[1]
    assert answer["who"] == f"arn:aws:sts::123456789012:assumed-role/{role}/{name}"
    assert answer["event"] == {"a": [1, None, "ü"]}
    assert answer["arn"].endswith(f":function:{name}")
    assert 0 < answer["left"] <= 30000
    assert (answer["memory"], answer["mine"], answer["region"]) == ("256", "yes", "us-east-1")
    assert (answer["group"], answer["runtime"]) == (f"/aws/lambda/{name}", "AWS_Lambda_python3.14")


def test_what_the_role_may_not_do_is_denied(make: Making) -> None:
    source = """
        import boto3
        def handler(event, context):
            boto3.client("sqs").list_queues()
    """
    answer, error = make.invoke(make.function(source))
    assert (error, answer["errorType"]) == ("Unhandled", "ClientError")
    assert "AccessDenied" in answer["errorMessage"]


def test_a_function_sees_nothing_that_lambda_would_not_have(make: Making) -> None:
    source = """
        import boto3, importlib.util, os
        def handler(event, context):
            names = ("moto", "aws_cdk", "vmie_local", "vmie_runtime")
            found = [name for name in names if importlib.util.find_spec(name)]
            return found + [name for name in os.environ if "PYTEST" in name]
    """
    assert make.invoke(make.function(source)) == ([], None)


def test_layers_are_on_the_path_and_give_way_to_the_function(make: Making) -> None:
    layer = make.functions.publish_layer_version(
        LayerName=unique("layer"),
        Content={"ZipFile": _zip({"python/common.py": "x = 1", "python/main.py": "x = 2"})},
    )["LayerVersionArn"]
    source = """
        import common
        def handler(event, context):
            return common.x
    """
    assert make.invoke(make.function(source, Layers=[layer])) == (1, None)


def _zip(files: dict[str, str]) -> bytes:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        for path, text in files.items():
            package.writestr(path, text)
    return packed.getvalue()


def test_the_process_is_used_again_while_nothing_changes(make: Making) -> None:
    name = make.function(ECHO)
    first, second = make.invoke(name)[0]["pid"], make.invoke(name)[0]["pid"]
    make.functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"NEW": "1"}})
    assert first == second != make.invoke(name)[0]["pid"]


def test_versions_and_aliases_run_what_they_were_published_with(make: Making) -> None:
    source = """
        import os
        def handler(event, context):
            qualifier = context.invoked_function_arn.split(":")[7:]
            return [os.environ["V"], "CODE", context.function_version, qualifier]
    """
    name = make.function(source, Environment={"Variables": {"V": "one"}})
    make.functions.publish_version(FunctionName=name)
    make.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    make.functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"V": "two"}})
    make.functions.update_function_code(FunctionName=name, ZipFile=zipped(source.replace("CODE", "NEW CODE")))
    version_arn = make.functions.publish_version(FunctionName=name)["FunctionArn"]
    assert make.invoke(name)[0] == ["two", "NEW CODE", "$LATEST", []]
    assert make.invoke(name, Qualifier="1")[0] == ["one", "CODE", "1", ["1"]]
    assert make.invoke(f"{name}:live")[0] == ["one", "CODE", "1", ["live"]]
    assert make.invoke(version_arn)[0] == ["two", "NEW CODE", "2", ["2"]]


def test_an_unknown_version_is_not_found(make: Making) -> None:
    name = make.function(ECHO)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        make.invoke(name, Qualifier="7")


def test_an_exception_is_told_by_its_class(make: Making) -> None:
    source = """
        class DiskTooLarge(Exception): pass
        def handler(event, context):
            raise DiskTooLarge("17 TiB")
    """
    answer, error = make.invoke(make.function(source))
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "DiskTooLarge", "17 TiB")
    assert "raise DiskTooLarge" in answer["stackTrace"][0]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import nothing_like_this", "Runtime.ImportModuleError"),
        ("x = (", "Runtime.UserCodeSyntaxError"),
        ("y = 1", "Runtime.HandlerNotFound"),
        ("import os; os._exit(3)", "Runtime.ExitError"),
    ],
)
def test_a_function_that_cannot_begin_tells_why(make: Making, source: str, kind: str) -> None:
    answer, error = make.invoke(make.function(source))
    assert (error, answer["errorType"]) == ("Unhandled", kind)


def test_other_runtimes_are_refused_by_name(make: Making) -> None:
    name = unique("node")
    make.functions.create_function(
        FunctionName=name,
        Runtime="nodejs22.x",
        Role=make.role(),
        Handler="index.handler",
        Code={"ZipFile": zipped("")},
    )
    answer, error = make.invoke(name)
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.Unsupported")
    assert "nodejs22.x" in answer["errorMessage"]


def test_a_function_that_takes_too_long_is_killed(make: Making) -> None:
    source = """
        import os, time
        def handler(event, context):
            if event: return os.getpid()
            time.sleep(60)
    """
    name = make.function(source, Timeout=1)
    before, _ = make.invoke(name, 1)
    answer, error = make.invoke(name, 0)
    assert (error, answer["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert answer["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert make.invoke(name, 1)[0] != before


def test_a_process_that_dies_is_an_exit_error_and_is_replaced(make: Making) -> None:
    source = """
        import os, signal
        def handler(event, context):
            if event == "die": os.kill(os.getpid(), signal.SIGKILL)
            if event == "exit": os._exit(7)
            return "well"
    """
    name = make.function(source)
    answer, error = make.invoke(name, "die")
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert answer["errorMessage"].endswith("signal: killed")
    assert make.invoke(name, "exit")[0]["errorMessage"].endswith("exit status 7")
    assert make.invoke(name, "") == ("well", None)


def test_the_log_goes_to_the_group_of_the_function_and_its_tail_to_the_caller(make: Making) -> None:
    source = """
        import logging
        logging.getLogger().setLevel("INFO")
        def handler(event, context):
            print("printed")
            logging.info("logged")
    """
    group = unique("/custom/group")
    name = make.function(source, LoggingConfig={"LogGroup": group})
    answer = make.functions.invoke(FunctionName=name, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert [tail[0].split()[0], tail[1], tail[-2].split()[0], tail[-1].split()[0]] == [
        "START",
        "printed",
        "END",
        "REPORT",
    ]
    assert tail[2].startswith("[INFO]") and tail[2].endswith("logged")
    kept = [event["message"] for event in make.logs.filter_log_events(logGroupName=group)["events"]]
    assert kept == tail


def test_reserved_concurrency_throttles(make: Making) -> None:
    name = make.function(ECHO)
    make.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    from botocore.config import Config

    impatient = make.cloud.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ClientError) as raised:
        impatient.invoke(FunctionName=name)
    assert raised.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    make.functions.delete_function_concurrency(FunctionName=name)
    assert make.invoke(name)[1] is None


SAVE = """
    import boto3, json, os
    def handler(event, context):
        boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(event))
        if event.get("fail"): raise ValueError("no")
        return {"took": event}
"""


def test_an_event_is_accepted_at_once_and_handled_later(make: Making) -> None:
    seen, _ = make.queue()
    name = make.function(SAVE, ["sqs:SendMessage"], Environment={"Variables": {"SEEN": seen}})
    answer = make.functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"a": 1}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert [json.loads(message["Body"]) for message in make.receive(seen)] == [{"a": 1}]


def test_a_failed_event_is_retried_twice_and_then_dead_lettered(make: Making) -> None:
    (seen, _), (dead, dead_arn) = make.queue(), make.queue()
    name = make.function(
        SAVE,
        ["sqs:SendMessage"],
        Environment={"Variables": {"SEEN": seen}},
        DeadLetterConfig={"TargetArn": dead_arn},
    )
    make.functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": true}')
    assert [json.loads(message["Body"]) for message in make.receive(dead)] == [{"fail": True}]
    assert len(make.receive(seen, 3)) == 3


def test_destinations_receive_the_record_of_an_event(make: Making) -> None:
    (seen, _), (failed, failed_arn) = make.queue(), make.queue()
    name = make.function(SAVE, ["sqs:SendMessage"], Environment={"Variables": {"SEEN": seen}})
    make.functions.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failed_arn}},
    )
    make.functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"fail": true}')
    (message,) = make.receive(failed)
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorMessage"] == "no"


def mapped(make: Making, source: str, attributes: dict[str, str], **mapping: Any) -> tuple[str, str]:
    """A function behind a queue; the URLs of that queue and of the one it writes to."""
    (queue, arn), (seen, _) = make.queue(**attributes), make.queue()
    actions = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    name = make.function(source, actions, Environment={"Variables": {"SEEN": seen}})
    make.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name, **mapping)
    return queue, seen


def test_a_queue_is_polled_in_batches_and_emptied(make: Making) -> None:
    queue, seen = mapped(make, SAVE, {}, BatchSize=5)
    for number in range(3):
        make.sqs.send_message(
            QueueUrl=queue,
            MessageBody=json.dumps({"n": number}),
            MessageAttributes={"kind": {"DataType": "String", "StringValue": "test"}},
        )
    records: list[Any] = []
    while len(records) < 3:
        records += [r for m in make.receive(seen) for r in json.loads(m["Body"])["Records"]]
    assert sorted(json.loads(record["body"])["n"] for record in records) == [0, 1, 2]
    assert records[0]["messageAttributes"]["kind"]["stringValue"] == "test"
    sent = int(records[0]["attributes"]["SentTimestamp"]) / 1000
    assert abs(sent - make.cloud.clock.now()) < 3600 * 24
    assert records[0]["attributes"]["ApproximateReceiveCount"] == "1"
    eventually(lambda: make.empty(queue), "the queue is empty")


def test_only_the_messages_that_failed_come_again_until_they_are_dead(make: Making) -> None:
    source = """
        import boto3, json, os
        def handler(event, context):
            bad = [r["messageId"] for r in event["Records"] if r["body"] == "bad"]
            for record in event["Records"]:
                boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=record["body"])
            return {"batchItemFailures": [{"itemIdentifier": i} for i in bad]}
    """
    dead, dead_arn = make.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    attributes = {"VisibilityTimeout": "30", "RedrivePolicy": redrive}
    queue, seen = mapped(make, source, attributes, FunctionResponseTypes=["ReportBatchItemFailures"])
    for body in ("good", "bad"):
        make.sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert [message["Body"] for message in make.receive(dead)] == ["bad"]
    assert sorted(message["Body"] for message in make.receive(seen, 3)) == ["bad", "bad", "good"]
    eventually(lambda: make.empty(queue), "the queue is empty")


def test_a_function_may_choose_when_a_message_comes_again(make: Making) -> None:
    source = """
        import boto3, os
        sqs = boto3.client("sqs")
        def handler(event, context):
            (record,) = event["Records"]
            count = record["attributes"]["ApproximateReceiveCount"]
            sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=count)
            if count == "1":
                sqs.change_message_visibility(
                    QueueUrl=record["body"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=60
                )
                raise ValueError("sooner than the queue says")
    """
    (queue, arn), (seen, _) = make.queue(VisibilityTimeout="43200"), make.queue()
    actions = ["sqs:*"]
    name = make.function(source, actions, Environment={"Variables": {"SEEN": seen}})
    make.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)
    make.sqs.send_message(QueueUrl=queue, MessageBody=queue)
    assert sorted(message["Body"] for message in make.receive(seen, 2)) == ["1", "2"]
    eventually(lambda: make.empty(queue), "the queue is empty")


def test_a_batch_may_gather(make: Making) -> None:
    queue, seen = mapped(make, SAVE, {}, BatchSize=20, MaximumBatchingWindowInSeconds=60)
    for number in range(15):
        make.sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    sizes: list[int] = []
    while sum(sizes) < 15:
        sizes += [len(json.loads(message["Body"])["Records"]) for message in make.receive(seen)]
    assert max(sizes) > 1


def test_messages_that_no_filter_wants_are_dropped(make: Making) -> None:
    wanted = json.dumps({"body": {"kind": ["import"]}})
    queue, seen = mapped(make, SAVE, {}, FilterCriteria={"Filters": [{"Pattern": wanted}]})
    for kind in ("export", "import"):
        make.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"kind": kind}))
    (message,) = make.receive(seen)
    assert [json.loads(r["body"])["kind"] for r in json.loads(message["Body"])["Records"]] == ["import"]
    eventually(lambda: make.empty(queue), "the queue is empty")


def test_without_the_permission_to_read_nothing_is_polled(make: Making) -> None:
    (queue, arn), name = make.queue(), make.function(ECHO)
    make.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)
    make.sqs.send_message(QueueUrl=queue, MessageBody="x")
    time.sleep(0.5)
    assert not make.empty(queue)
    for mapping in make.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
        make.functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_function_can_be_killed_before_its_handler_runs(make: Making) -> None:
    seen, _ = make.queue()
    name = make.function(SAVE, ["sqs:SendMessage"], "victim", Environment={"Variables": {"SEEN": seen}})
    order = make.cloud.functions.kill_next(name)
    answer, _ = make.invoke(name, {"n": 1})
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].startswith(f"RequestId: {order.happened[0]}")
    assert make.empty(seen)
    assert make.invoke(name, {"n": 2})[1] is None


def test_a_function_can_be_killed_right_after_a_call(make: Making) -> None:
    seen, _ = make.queue()
    name = make.function(SAVE, ["sqs:SendMessage"], "victim", Environment={"Variables": {"SEEN": seen}})
    make.cloud.functions.kill_when(name, "sqs", "SendMessage")
    answer, _ = make.invoke(name, {"n": 1})
    assert answer["errorType"] == "Runtime.ExitError"
    assert [json.loads(message["Body"]) for message in make.receive(seen)] == [{"n": 1}]


def test_kills_can_be_ordered_over_http(make: Making) -> None:
    import urllib.request

    name = make.function(ECHO, name="victim")
    url = f"{make.cloud.endpoint}/_vmie/functions/kill"
    order = urllib.request.Request(url, json.dumps({"Function": name}).encode(), method="POST")
    urllib.request.urlopen(order).close()
    assert make.invoke(name)[0]["errorType"] == "Runtime.ExitError"
    assert make.invoke(name)[1] is None


SERVER = """
import json, os, sys, time
from tests.local.making import Making
from vmie_local import LocalAws, Settings

with LocalAws(Settings(port=0, iam="off")) as cloud:
    make = Making(cloud)
    name = make.function("import os, time\\ndef handler(e, c):\\n    return os.getpid()")
    print(make.invoke(name)[0], flush=True)
    if sys.argv[1] == "stay":
        time.sleep(600)
"""


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_no_process_outlives_the_server(how: str) -> None:
    arguments = [sys.executable, "-c", SERVER, "stay" if how == "killed" else "go"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        if how == "killed":
            assert not _gone(worker)
            server.send_signal(signal.SIGKILL)
        server.wait(30)
    eventually(lambda: _gone(worker), "the worker is gone")
