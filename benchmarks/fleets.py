"""A fleet under faults: does every request end right, do no more run than may, and what does one cost."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks import polling_model
from benchmarks.deployed import Deployed, most_at_once, started_tasks, tasks_last
from benchmarks.figures import Figure, Section
from benchmarks.imports import POLL_STATE, looks, result_of, until
from vmie_local.cost import bill
from vmie_local.cost.metering import Meter
from vmie_local.demo.disk_file import DEMO_DISK

# 1 s in AWS takes 5 ms here: the fleet's twenty hours pass in six minutes, if the machine keeps up.
TIME_SCALE = 0.005
QUOTA = 5
ENTRIES = int(os.environ.get("VMIE_BENCH_FLEET", "200"))
TASK_SECONDS = 1800
FAULTS = 0.1
_DISK = "disks/machine.vmdk"
_FLAKY = {
    "ec2": ("ImportImage", "DescribeImportImageTasks", "CreateTags"),
    "dynamodb": ("UpdateItem", "TransactWriteItems", "PutItem"),
    "s3": ("PutObject",),
}
_ERRORS = {
    "ec2": {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded.", "Status": 503},
    "dynamodb": {"Code": "ProvisionedThroughputExceededException", "Message": "Too much.", "Status": 400},
    "s3": {"Code": "SlowDown", "Message": "Please reduce your request rate.", "Status": 503},
}
_MOST_CALLS = 2_000 * ENTRIES + 20_000
_PATIENCE_SECONDS = 3 * 3600.0


@dataclass(frozen=True)
class _Cost:
    """What a number of imports used.

    Attributes:
        dollars: At list prices, as run here.
        looks: How often tasks were looked at.
    """

    dollars: Decimal
    looks: int

    def each(self, imports: int, look: Decimal) -> float:
        """The price of one import, with as many looks as the runtime's intervals give without latency."""
        wanted = imports * polling_model.polls_of(TASK_SECONDS)
        return float((self.dollars + (wanted - self.looks) * look) / imports)


def measure(target: Deployed) -> Section:
    """Run one import, then the fleet, and compare."""
    s3 = target.cloud.client("s3")
    s3.put_object(Bucket=target.bucket, Key=_DISK, Body=DEMO_DISK.read_bytes())
    with tasks_last(TASK_SECONDS):
        with _metered(target) as single:
            _drop(target, "single", 1)
        look = bill(looks(target, 1)).dollars
        _make_flaky(target)
        began = time.monotonic()
        with started_tasks() as tasks, _metered(target) as fleet:
            _drop(target, "fleet", ENTRIES)
        took = time.monotonic() - began
        target.cloud.front_door.faults.clear()
        target.cloud.events.stop_tampering()
    summary = result_of(target, "requests/fleet.json")
    results = [_entry(target, "fleet", number) for number in range(ENTRIES)]
    one, each = single[0].each(1, look), fleet[0].each(ENTRIES, look)
    wrong = sum(result.get("Status") != "Succeeded" for result in results)
    return Section(
        f"A fleet of {ENTRIES} with a quota of {QUOTA}, {FAULTS:.0%} of the calls failing, events repeated",
        (
            Figure(name="Requests that did not succeed", value=wrong, unit="", most=0),
            Figure(
                name="Requests missing in the summary",
                value=ENTRIES - summary["Counts"].get("Succeeded", 0),
                unit="",
                most=0,
            ),
            Figure(name="Tasks at one moment", value=most_at_once(tasks), unit="", most=QUOTA),
            Figure(name="Tasks beside one for each request", value=len(tasks) - ENTRIES, unit="", most=0),
            Figure(
                name="AMIs and snapshots that no result names",
                value=_orphans(target, results),
                unit="",
                most=0,
            ),
            Figure(name="Cost of a single import", value=one, unit="$", note="a fleet of one, no faults"),
            Figure(
                name="Cost of an import of the fleet",
                value=each,
                unit="$",
                most=1.1 * one,
                note=f"{fleet[0].looks} looks as run here, counted as "
                f"{ENTRIES * polling_model.polls_of(TASK_SECONDS)}",
            ),
            Figure(name="Wall clock", value=took, unit="s", note=f"time scale {TIME_SCALE}"),
        ),
    )


def _drop(target: Deployed, name: str, count: int) -> None:
    requests = [
        {
            "Description": f"machine {number}",
            "DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": _DISK}}],
        }
        for number in range(count)
    ]
    key = f"requests/{name}.json"
    body = json.dumps({"Requests": requests}).encode()
    target.cloud.client("s3").put_object(Bucket=target.bucket, Key=key, Body=body)
    until(
        lambda: "EndedAt" in result_of(target, key),
        f"the end of the fleet {name}",
        seconds=_PATIENCE_SECONDS,
        every=1,
    )


def _make_flaky(target: Deployed) -> None:
    for service, operations in _FLAKY.items():
        for operation in operations:
            target.cloud.front_door.faults.add(
                {
                    "Service": service,
                    "Operation": operation,
                    "Times": None,
                    "Probability": FAULTS,
                    "Role": "Vmie",
                    "Error": _ERRORS[service],
                }
            )
    for source in ("aws.s3", "aws.states"):
        target.cloud.events.deliver_times(2, source, times=10 * ENTRIES)


@contextmanager
def _metered(target: Deployed) -> Iterator[list[_Cost]]:
    """What is used meanwhile; known at the end."""
    cost: list[_Cost] = []
    # A fleet makes more calls than the local AWS remembers otherwise.
    target.cloud.front_door.journal.keep(_MOST_CALLS)
    meter = Meter(target.cloud)
    meter.start()
    before = _looks(target)
    yield cost
    cost.append(_Cost(bill(meter.usage()).dollars, _looks(target) - before))


def _looks(target: Deployed) -> int:
    states = target.cloud.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=target.state_machine)
    return sum(
        event.get("stateEnteredEventDetails", {}).get("name") == POLL_STATE
        for page in pages
        for execution in page["executions"]
        for history in states.get_paginator("get_execution_history").paginate(
            executionArn=execution["executionArn"]
        )
        for event in history["events"]
    )


def _entry(target: Deployed, name: str, number: int) -> dict[str, Any]:
    s3 = target.cloud.client("s3")
    key = f"results/requests/{name}.json/{number}.json"
    try:
        found: dict[str, Any] = json.loads(s3.get_object(Bucket=target.bucket, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return {}
    return found


def _orphans(target: Deployed, results: list[dict[str, Any]]) -> int:
    """AMIs and snapshots of the account that are no result's."""
    ec2 = target.cloud.client("ec2")
    named = {
        each
        for result in (*results, _entry(target, "single", 0))
        for each in (result.get("ImageId"), *result.get("SnapshotIds", ()))
        if each
    }
    there = {image["ImageId"] for image in ec2.describe_images(Owners=["self"])["Images"]} | {
        snapshot["SnapshotId"] for snapshot in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    }
    return len(there - named)
