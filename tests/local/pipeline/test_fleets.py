"""Fleets: many requests in one file, each living its own life, and one summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from benchmarks.deployed import most_at_once, started_tasks
from tests.local.pipeline.disks import DATA_DISK, boot_disk, data_disk, upload_disks
from tests.local.pipeline.harness import Pipeline, eventually

pytestmark = pytest.mark.usefixtures("short_tasks")
QUOTA = 5
FLAKY = {
    "ec2": (
        "ImportImage",
        "ImportSnapshot",
        "DescribeImportImageTasks",
        "DescribeImportSnapshotTasks",
        "CreateTags",
    ),
    "dynamodb": ("UpdateItem", "TransactWriteItems", "PutItem"),
}
THROTTLED = {
    "ec2": {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded.", "Status": 503},
    "dynamodb": {
        "Code": "ProvisionedThroughputExceededException",
        "Message": "The level of configured provisioned throughput for the table was exceeded.",
        "Status": 400,
    },
}


def fails_every_tenth_time(pipeline: Pipeline) -> None:
    """A tenth of the calls of the pipeline's functions fail."""
    for service, operations in FLAKY.items():
        for operation in operations:
            pipeline.inject(
                operation,
                service=service,
                times=100_000,
                Probability=0.1,
                Role="Vmie",
                Error=THROTTLED[service],
            )


def over(pipeline: Pipeline, key: str) -> dict[str, Any]:
    """The summary of a fleet whose requests have all ended."""

    def look() -> dict[str, Any] | None:
        found = pipeline.result(key)
        return found if found and "EndedAt" in found else None

    return eventually(look, f"the end of the fleet {key}", seconds=900, every=0.5)


def entries(pipeline: Pipeline, key: str, count: int) -> list[dict[str, Any]]:
    """The results of a fleet's entries."""
    found = [pipeline.document(f"results/{key}/{number}.json") for number in range(count)]
    return [each for each in found if each is not None]


@pytest.mark.timeout(300)
def test_twenty_requests_end_right_under_faults_and_never_more_than_five_run(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.upload("disks/list.raw", b"This is a shopping list.\n" * 50)
    requests: list[Any] = [
        {"DiskContainer": {**data_disk(), "Description": f"disk {number}"}}
        if number % 2
        else {"DiskContainers": [{**boot_disk(), "Description": f"machine {number}"}]}
        for number in range(20)
    ]
    requests[7] = {"DiskContainer": {"Fromat": "raw"}}
    requests[13] = {"DiskContainers": [{"Format": "raw", "UserBucket": {"S3Key": "disks/list.raw"}}]}
    wanted = ["Rejected" if number in (7, 13) else "Succeeded" for number in range(20)]
    # EC2's own quota must not be what keeps the number down.
    limits = pipeline.cloud.vm_import.limits
    kept, limits.concurrent_tasks = limits.concurrent_tasks, 4 * QUOTA
    pipeline.cloud.events.deliver_times(2, "aws.s3", times=1)
    pipeline.cloud.events.drop_next("aws.states", times=3)
    pipeline.cloud.events.deliver_times(2, "aws.states", times=20)
    fails_every_tenth_time(pipeline)
    try:
        with started_tasks() as tasks, pipeline.listening() as events:
            key = pipeline.ask("fleet", {"Requests": requests})
            summary = over(pipeline, key)
            pipeline.clear_faults()
            kinds = Counter(event["detail-type"] for event in events())
    finally:
        limits.concurrent_tasks = kept
        pipeline.cloud.events.stop_tampering()

    results = entries(pipeline, key, 20)
    assert [each["Status"] for each in results] == wanted
    assert (summary["Size"], summary["Counts"]) == (20, {"Rejected": 2, "Succeeded": 18})
    assert kinds["VM Import Fleet Failed"] >= 1
    assert kinds["VM Import Fleet Succeeded"] == 0
    assert 1 < most_at_once(tasks) <= QUOTA
    assert len(tasks) == 18
    made = [snapshot for each in results for snapshot in each.get("SnapshotIds", ())]
    assert len(made) == len(set(made)) == 18
    assert all(each["Fleet"] == summary["RequestId"] for each in results)


def test_a_fleet_dropped_again_runs_only_what_has_not_succeeded(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    good = {"DiskContainer": data_disk()}
    late = {"DiskContainer": {"Format": "raw", "UserBucket": {"S3Key": "disks/late.raw"}}}
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key="disks/late.raw")
    key = pipeline.ask("again", {"Requests": [good, late]})
    first = over(pipeline, key)
    before = entries(pipeline, key, 2)

    pipeline.upload("disks/late.raw", DATA_DISK)
    pipeline.ask("again", {"Requests": [late, good]})
    eventually(lambda: over(pipeline, key)["RequestId"] != first["RequestId"], "the summary of the second")
    second, after = over(pipeline, key), entries(pipeline, key, 2)

    assert first["Counts"]["Succeeded"] == 1, first
    assert second["Counts"] == {"Succeeded": 2}, second
    assert {each["RequestId"] for each in before} == {each["RequestId"] for each in after}
    assert [len(pipeline.tasks_of(each["RequestId"])) for each in before] == [1, 1]
    again = next(each for each in after if each["RequestId"] == before[1]["RequestId"])
    assert (again["Status"], again["Attempt"]) == ("Succeeded", 2)


def test_a_paused_fleet_waits_and_deleting_its_file_cancels_what_has_not_begun(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    pipeline.pause()
    requests = [{"DiskContainer": {**data_disk(), "Description": f"disk {n}"}} for n in range(30)]
    key = pipeline.ask("paused", {"Requests": requests})
    waiting = eventually(
        lambda: found if (found := pipeline.result(key) or {}).get("Counts") == {"Queued": 30} else None,
        "thirty requests that wait",
    )
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
    summary = over(pipeline, key)
    pipeline.resume()

    assert waiting["Status"] == "Running"
    assert summary["Counts"] == {"Cancelled": 30}
    assert {each["Error"]["Code"] for each in entries(pipeline, key, 30)} == {"RequestDeleted"}
    assert not any(pipeline.tasks_of(each["RequestId"]) for each in entries(pipeline, key, 30))


def test_a_fleet_that_could_not_be_taken_in_is_taken_out_of_the_dead_letter_queue(pipeline: Pipeline) -> None:
    upload_disks(pipeline)
    sqs = pipeline.cloud.client("sqs")
    queue, letters = queues(pipeline)
    kill = pipeline.cloud.functions.kill_next("ImportIntake", times=5)
    key = pipeline.ask("dead-letter", {"Requests": [{"DiskContainer": data_disk()}]})

    def attributes(url: str) -> dict[str, str]:
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    eventually(lambda: attributes(letters)["ApproximateNumberOfMessages"] == "1", "a dead letter")
    # The command of the documentation.
    sqs.start_message_move_task(
        SourceArn=attributes(letters)["QueueArn"], DestinationArn=attributes(queue)["QueueArn"]
    )

    assert len(kill.happened) == 5
    assert over(pipeline, key)["Counts"] == {"Succeeded": 1}


def queues(pipeline: Pipeline) -> tuple[str, str]:
    """The URLs of the import's queue and of its dead-letter queue."""
    urls = pipeline.cloud.client("sqs").list_queues(QueueNamePrefix=pipeline.table.partition("-")[0])[
        "QueueUrls"
    ]
    own = [url for url in urls if "ImportQueues" in url]
    (letters,) = (url for url in own if "DeadLetter" in url)
    (queue,) = (url for url in own if url != letters)
    return queue, letters


@contextmanager
def patient_queue(pipeline: Pipeline) -> Iterator[None]:
    """A message stays hidden while intake works: its visibility timeout is scaled, the function is not."""
    sqs, (queue, _) = pipeline.cloud.client("sqs"), queues(pipeline)
    name = "VisibilityTimeout"
    kept = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: "43200"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: kept})


@pytest.mark.timeout(300)
def test_a_thousand_requests_wait_in_order_none_lost_and_none_twice(pipeline: Pipeline) -> None:
    """The local DynamoDB sorts an index anew for every page; ten thousand are in the unit tests."""
    count = 1_000
    pipeline.pause()
    body = json.dumps(
        {"Requests": [{"DiskContainer": {**data_disk(), "Description": f"disk {n}"}} for n in range(count)]}
    ).encode()
    pipeline.cloud.events.deliver_times(2, "aws.s3", "Object Created")
    with pipeline.without_rounds(), patient_queue(pipeline):
        try:
            pipeline.upload("requests/many.json", body)
            summary = eventually(
                lambda: pipeline.result("requests/many.json"), "the summary", seconds=250, every=1
            )
            queued = waiting(pipeline)
            fleet = [item for item in pipeline.requests() if item.get("Fleet") == summary["RequestId"]]
        finally:
            forget(pipeline, "requests/many.json")
    pipeline.resume()

    assert summary["Counts"] == {"Queued": count}
    assert queued == list(range(count))
    assert len(fleet) == count
    assert not any("ExecutionArn" in item or "TaskId" in item for item in fleet)


def waiting(pipeline: Pipeline) -> list[int]:
    """The numbers of a fleet's entries in the order in which the reconciler admits them."""
    pages = pipeline.dynamodb.get_paginator("query").paginate(
        TableName=pipeline.table,
        IndexName="open",
        KeyConditionExpression="OpenState = :queued",
        ExpressionAttributeValues={":queued": {"S": "import-queued"}},
    )
    # The index knows keys alone; the time of admission ends in the entry's number.
    return [int(item["QueuedAt"]["S"].rpartition("#")[2]) for page in pages for item in page["Items"]]


def forget(pipeline: Pipeline, key: str) -> None:
    """Take a fleet that never ran out of the table."""
    ids = [item["Id"] for item in pipeline.items() if item.get("Key") == key]
    for first in range(0, len(ids), 25):
        portion = [{"DeleteRequest": {"Key": {"Id": {"S": each}}}} for each in ids[first : first + 25]]
        pipeline.dynamodb.batch_write_item(RequestItems={pipeline.table: portion})
