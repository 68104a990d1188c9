"""EventBridge and the notifications of S3, through the public endpoint with IAM enforced."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.making import Making, eventually, unique
from vmie_local import LocalAws


@pytest.fixture
def make(cloud: LocalAws) -> Making:
    return Making(cloud)


@pytest.fixture(autouse=True)
def _no_tampering_outlives_its_test(cloud: LocalAws) -> Iterator[None]:
    yield
    cloud.events.stop_tampering()


class Watched:
    """A bucket whose events arrive in a queue."""

    def __init__(self, make: Making, **versioning: str) -> None:
        self.make, self.bucket = make, make.bucket(**versioning)
        self.queue, arn = make.queue()
        make.rule({"source": ["aws.s3"], "detail": {"bucket": {"name": [self.bucket]}}}, {"Arn": arn})

    def events(self, number: int) -> list[dict[str, Any]]:
        """Exactly so many events: a marker that is put afterwards must be the next."""
        self.make.s3.put_object(Bucket=self.bucket, Key="marker", Body=b"")
        found: list[dict[str, Any]] = []
        while not any(event["detail"]["object"]["key"] == "marker" for event in found):
            found += [json.loads(message["Body"]) for message in self.make.receive(self.queue)]
        told = [event for event in found if event["detail"]["object"]["key"] != "marker"]
        if len(told) < number:
            told += [json.loads(m["Body"]) for m in self.make.receive(self.queue, number - len(told))]
        assert len(told) == number, told
        return sorted(told, key=lambda event: event["detail"]["object"].get("sequencer", "~"))


def test_a_put_is_told_exactly_as_s3_tells_it(make: Making) -> None:
    watched = Watched(make, Status="Enabled")
    put = make.s3.put_object(Bucket=watched.bucket, Key="images/ä b.ova", Body=b"12345", Tagging="a=b")
    (event,) = watched.events(1)
    assert {
        name: event[name] for name in ("version", "detail-type", "source", "account", "region", "resources")
    } == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{watched.bucket}"],
    }
    detail = event["detail"]
    sequencer = detail["object"].pop("sequencer")
    assert int(sequencer, 16) > 0
    assert detail["object"] == {
        "key": "images/ä b.ova",
        "size": 5,
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
    }
    assert (detail["reason"], detail["requester"], detail["source-ip-address"]) == (
        "PutObject",
        "123456789012",
        "127.0.0.1",
    )
    assert detail["bucket"] == {"name": watched.bucket}


def test_every_way_to_create_an_object_is_told_once_with_its_reason(make: Making) -> None:
    watched = Watched(make)
    bucket, s3 = watched.bucket, make.s3
    s3.put_object(Bucket=bucket, Key="put", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "put"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="multipart")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="multipart", UploadId=upload, PartNumber=1, Body=b"y" * 10)
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="multipart",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    told = {event["detail"]["object"]["key"]: event["detail"] for event in watched.events(3)}
    assert {key: detail["reason"] for key, detail in told.items()} == {
        "put": "PutObject",
        "copy": "CopyObject",
        "multipart": "CompleteMultipartUpload",
    }
    assert told["multipart"]["object"]["size"] == 10
    assert "version-id" not in told["put"]["object"]


def test_an_aborted_upload_is_not_told(make: Making) -> None:
    watched = Watched(make)
    upload = make.s3.create_multipart_upload(Bucket=watched.bucket, Key="m")["UploadId"]
    make.s3.upload_part(Bucket=watched.bucket, Key="m", UploadId=upload, PartNumber=1, Body=b"y")
    make.s3.abort_multipart_upload(Bucket=watched.bucket, Key="m", UploadId=upload)
    watched.events(0)


def test_deletions_tell_whether_something_is_left(make: Making) -> None:
    watched = Watched(make, Status="Enabled")
    bucket, s3 = watched.bucket, make.s3
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    deleted = [event["detail"] for event in watched.events(4)[1:]]
    assert [(d["reason"], d["deletion-type"], d["object"]["version-id"]) for d in deleted] == [
        ("DeleteObject", "Delete Marker Created", marker),
        ("DeleteObject", "Permanently Deleted", version),
        ("DeleteObject", "Permanently Deleted", marker),
    ]


def test_deleting_many_objects_tells_each(make: Making) -> None:
    watched = Watched(make)
    for key in ("a", "b"):
        make.s3.put_object(Bucket=watched.bucket, Key=key, Body=b"x")
    make.s3.delete_objects(Bucket=watched.bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    told = [(e["detail-type"], e["detail"]["object"]["key"]) for e in watched.events(4)]
    assert told[2:] == [("Object Deleted", "a"), ("Object Deleted", "b")]


def test_what_a_lifecycle_rule_removes_is_told_as_that(make: Making) -> None:
    watched = Watched(make, Status="Enabled")
    make.s3.put_object(Bucket=watched.bucket, Key="old", Body=b"x")
    make.cloud.events.expire(watched.bucket, "old")
    _, event = watched.events(2)
    assert (event["detail-type"], event["detail"]["reason"]) == ("Object Deleted", "Lifecycle Expiration")
    assert event["detail"]["requester"] == "s3.amazonaws.com"
    with pytest.raises(ClientError, match="404"):
        make.s3.head_object(Bucket=watched.bucket, Key="old")


def test_tags_are_told_only_when_they_are_the_operation(make: Making) -> None:
    watched = Watched(make)
    make.s3.put_object(Bucket=watched.bucket, Key="k", Body=b"x", Tagging="a=b")
    tags = {"TagSet": [{"Key": "vmie:request-id", "Value": "1"}]}
    make.s3.put_object_tagging(Bucket=watched.bucket, Key="k", Tagging=tags)
    make.s3.delete_object_tagging(Bucket=watched.bucket, Key="k")
    assert sorted(event["detail-type"] for event in watched.events(3)) == [
        "Object Created",
        "Object Tags Added",
        "Object Tags Deleted",
    ]


def test_when_the_event_arrives_the_object_is_complete(make: Making) -> None:
    source = """
        import boto3, json, os
        def handler(event, context):
            where = {"Bucket": event["detail"]["bucket"]["name"], "Key": event["detail"]["object"]["key"]}
            s3 = boto3.client("s3")
            seen = [s3.get_object_tagging(**where)["TagSet"], s3.head_object(**where)["Metadata"]]
            boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(seen))
    """
    seen, _ = make.queue()
    actions = ["s3:GetObject", "s3:GetObjectTagging", "sqs:SendMessage"]
    name = make.function(source, actions, Environment={"Variables": {"SEEN": seen}})
    arn = make.functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    bucket = make.bucket()
    make.rule({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}, {"Arn": arn})
    make.s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=b", Metadata={"m": "n"})
    (message,) = make.receive(seen)
    assert json.loads(message["Body"]) == [[{"Key": "a", "Value": "b"}], {"m": "n"}]


def test_a_bucket_without_eventbridge_tells_nothing(make: Making) -> None:
    bucket = unique("silent")
    make.s3.create_bucket(Bucket=bucket)
    queue, arn = make.queue()
    make.rule(
        {"source": ["aws.s3"], "detail": {"bucket": {"name": [{"prefix": "silent-"}, "loud"]}}}, {"Arn": arn}
    )
    make.s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    loud = Watched(make)
    make.s3.put_object(Bucket=loud.bucket, Key="k", Body=b"x")
    loud.events(1)
    assert make.empty(queue)


def test_queues_may_be_notified_directly(make: Making) -> None:
    bucket, (queue, arn) = unique("bucket"), make.queue()
    make.s3.create_bucket(Bucket=bucket)
    configuration = {
        "QueueArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".ova"}]}},
    }
    make.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [configuration]}
    )
    for key in ("other.txt", "a b.ova"):
        make.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    first, second = (json.loads(message["Body"]) for message in make.receive(queue, 2))
    assert first["Event"] == "s3:TestEvent"
    (record,) = second["Records"]
    assert record["s3"]["object"]["key"] == "a+b.ova"


def put(make: Making, *details: Any, source: str = "test", **more: Any) -> Any:
    entries = [
        {"Source": source, "DetailType": "d", "Detail": json.dumps(detail), **more} for detail in details
    ]
    return make.events.put_events(Entries=entries)


def test_good_entries_are_taken_and_bad_ones_named(make: Making) -> None:
    answer = make.events.put_events(
        Entries=[
            {"Source": "s", "DetailType": "d", "Detail": "{}"},
            {"Source": "s", "DetailType": "d", "Detail": "not json"},
            {"Source": "aws.ec2", "DetailType": "d", "Detail": "{}"},
            {"DetailType": "d", "Detail": "{}"},
        ]
    )
    assert answer["FailedEntryCount"] == 3
    assert "EventId" in answer["Entries"][0]
    assert [entry.get("ErrorCode") for entry in answer["Entries"][1:]] == [
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "InvalidArgument",
    ]


def test_a_fifo_queue_gets_its_group(make: Making) -> None:
    queue, arn = make.queue(FifoQueue="true", ContentBasedDeduplication="true")
    source = unique("source")
    make.rule({"source": [source]}, {"Arn": arn, "SqsParameters": {"MessageGroupId": "g"}})
    put(make, {"n": 1}, source=source)
    (message,) = make.receive(queue)
    assert message["Attributes"]["MessageGroupId"] == "g"


def test_inputs_are_shaped_for_the_target(make: Making) -> None:
    (queue, arn), source = make.queue(), unique("source")
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'}
    targets = [{"Arn": arn, "InputTransformer": transformer}, {"Arn": arn, "Input": '"constant"'}]
    make.rule({"source": [source]}, *targets, {"Arn": arn, "InputPath": "$.detail"})
    put(make, {"n": 7}, source=source)
    assert sorted(m["Body"] for m in make.receive(queue, 3)) == ['"constant"', '{"n": 7}', '{"number": 7}']


def test_a_topic_a_log_group_and_a_function_are_reached(make: Making) -> None:
    source, (behind, behind_arn) = unique("source"), make.queue()
    topic = make.sns.create_topic(Name=unique("topic"))["TopicArn"]
    make.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=behind_arn)
    group = unique("/aws/events/group")
    make.logs.create_log_group(logGroupName=group)
    seen, _ = make.queue()
    code = """
        import boto3, json, os
        def handler(event, context):
            boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(event))
    """
    name = make.function(code, ["sqs:SendMessage"], Environment={"Variables": {"SEEN": seen}})
    function = make.functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    log_arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"
    make.rule({"source": [source]}, {"Arn": topic}, {"Arn": log_arn}, {"Arn": function})
    put(make, {"n": 1}, source=source)
    assert json.loads(make.receive(seen)[0]["Body"])["detail"] == {"n": 1}
    assert json.loads(json.loads(make.receive(behind)[0]["Body"])["Message"])["detail"] == {"n": 1}
    (logged,) = eventually(
        lambda: make.logs.filter_log_events(logGroupName=group)["events"], "the event is in the log"
    )
    assert json.loads(logged["message"])["detail"] == {"n": 1}


def test_another_bus_is_reached_with_the_role_of_the_target(make: Making) -> None:
    bus, source, (queue, arn) = unique("bus"), unique("source"), make.queue()
    bus_arn = make.events.create_event_bus(Name=bus)["EventBusArn"]
    make.rule({"source": [source]}, {"Arn": arn}, bus=bus)
    make.rule({"source": [source]}, {"Arn": bus_arn, "RoleArn": make.role(["events:PutEvents"], "events")})
    put(make, {"n": 1}, source=source)
    assert json.loads(make.receive(queue)[0]["Body"])["detail"] == {"n": 1}


def test_a_state_machine_is_started_with_the_role_of_the_target(make: Making) -> None:
    machine, source = make.machine({"A": {"Type": "Succeed"}}), unique("source")
    role = make.role(["states:StartExecution"], "events")
    make.rule({"source": [source]}, {"Arn": machine, "RoleArn": role})
    put(make, {"n": 1}, source=source)
    (execution,) = eventually(
        lambda: make.states.list_executions(stateMachineArn=machine)["executions"], "an execution"
    )
    described = make.ended(execution["executionArn"])
    assert json.loads(described["input"])["detail"] == {"n": 1}


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(make: Making) -> None:
    machine, source, (dead, dead_arn) = (
        make.machine({"A": {"Type": "Succeed"}}),
        unique("source"),
        make.queue(),
    )
    target = {"Arn": machine, "RoleArn": make.role([], "events"), "DeadLetterConfig": {"Arn": dead_arn}}
    rule = make.rule({"source": [source]}, target)
    put(make, {"n": 1}, source=source)
    (message,) = make.receive(dead)
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told["RULE_ARN"].endswith(f":rule/{rule}")
    assert (told["TARGET_ARN"], told["ERROR_CODE"]) == (machine, "AccessDeniedException")


def test_a_passing_failure_is_retried(make: Making) -> None:
    (queue, arn), source = make.queue(), unique("source")
    make.rule({"source": [source]}, {"Arn": arn})
    fault = {
        "Service": "sqs",
        "Operation": "SendMessage",
        "Error": {"Code": "InternalError", "Message": "not now", "Status": 500},
        "Times": 2,
    }
    url = f"{make.cloud.endpoint}/_vmie/faults"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(fault).encode(), method="POST")).close()
    put(make, {"n": 1}, source=source)
    assert json.loads(make.receive(queue)[0]["Body"])["detail"] == {"n": 1}


def test_a_disabled_rule_delivers_nothing(make: Making) -> None:
    (queue, arn), (other, other_arn), source = make.queue(), make.queue(), unique("source")
    rule = make.rule({"source": [source]}, {"Arn": arn})
    make.events.disable_rule(Name=rule)
    make.rule({"source": [source]}, {"Arn": other_arn})
    put(make, {"n": 1}, source=source)
    make.receive(other)
    assert make.empty(queue)


def test_schedules_fire_on_the_scaled_clock(make: Making) -> None:
    queue, arn = make.queue()
    rule = make.rule("rate(5 minutes)", {"Arn": arn})
    first, second = (json.loads(m["Body"]) for m in make.receive(queue, 2)[:2])
    make.events.remove_targets(Rule=rule, Ids=["0"])
    make.events.delete_rule(Name=rule)
    assert (first["source"], first["detail-type"], first["detail"]) == ("aws.events", "Scheduled Event", {})
    assert first["resources"][0].endswith(f":rule/{rule}")
    assert first["time"] < second["time"]


@pytest.mark.parametrize("schedule", ["rate(1 minutes)", "cron(0 12 * * * *)"])
def test_bad_schedules_are_refused(make: Making, schedule: str) -> None:
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        make.events.put_rule(Name=unique("rule"), ScheduleExpression=schedule)


def test_bad_patterns_are_refused(make: Making) -> None:
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        make.events.put_rule(Name=unique("rule"), EventPattern='{"source": [{"starts-with": "x"}]}')


def test_patterns_can_be_tried_out(make: Making) -> None:
    event = {
        "id": "1",
        "account": "1",
        "source": "s",
        "time": "t",
        "region": "r",
        "resources": [],
        "detail-type": "d",
    }
    for pattern, fits in ({"source": ["s"]}, True), ({"source": ["t"]}, False):
        answer = make.events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
        assert answer["Result"] is fits


def test_events_can_be_lost_and_repeated_on_purpose(make: Making) -> None:
    (queue, arn), source = make.queue(), unique("source")
    make.rule({"source": [source]}, {"Arn": arn})
    lost = make.cloud.events.drop_next(source)
    make.cloud.events.deliver_times(3, source)
    for number in (1, 2, 3):
        put(make, {"n": number}, source=source)
    numbers = sorted(json.loads(m["Body"])["detail"]["n"] for m in make.receive(queue, 4))
    assert numbers == [2, 2, 2, 3]
    assert len(lost.happened) == 1


def test_tampering_can_be_ordered_over_http(make: Making) -> None:
    (queue, arn), source = make.queue(), unique("source")
    make.rule({"source": [source]}, {"Arn": arn})
    url = f"{make.cloud.endpoint}/_vmie/events/tampering"
    order = json.dumps({"Copies": 2, "Source": source}).encode()
    urllib.request.urlopen(urllib.request.Request(url, order, method="POST")).close()
    put(make, {}, source=source)
    assert len(make.receive(queue, 2)) == 2


def test_topics_call_functions_with_the_real_message(make: Making) -> None:
    seen, _ = make.queue()
    code = """
        import boto3, json, os
        def handler(event, context):
            boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(event))
    """
    name = make.function(code, ["sqs:SendMessage"], Environment={"Variables": {"SEEN": seen}})
    arn = make.functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    topic = make.sns.create_topic(Name=unique("topic"))["TopicArn"]
    make.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    make.sns.publish(
        TopicArn=topic,
        Message="hello",
        Subject="subject",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
    )
    (record,) = json.loads(make.receive(seen)[0]["Body"])["Records"]
    assert (record["EventSource"], record["Sns"]["TopicArn"]) == ("aws:sns", topic)
    assert (record["Sns"]["Message"], record["Sns"]["Subject"]) == ("hello", "subject")
    assert record["Sns"]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "x"}}
