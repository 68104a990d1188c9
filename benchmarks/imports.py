"""Imports through the deployed pipeline: what one uses, and how soon the ends of many are seen."""

from __future__ import annotations

import itertools
import json
import statistics
import time
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from benchmarks import polling_model
from benchmarks.deployed import TIME_SCALE, Deployed, completed_tasks, tasks_last
from benchmarks.figures import Figure, Section
from vmie_local.cost import Charge, Usage, bill
from vmie_local.cost.function_logs import reports
from vmie_local.cost.metering import Meter
from vmie_local.demo.disk_file import DEMO_DISK
from vmie_local.vm_import.import_image.task import ImportImageTask
from vmie_runtime.polling import poll_interval

LONG_TASK_SECONDS = 1800
# Ends spread over twenty minutes of age, so that they fall anywhere between two looks.
SAMPLE_SECONDS = tuple(range(1200, 2400, 50))
_WAVE = 8
POLL_STATE = "Poll task"
# Wait, Poll and Choice.
_TRANSITIONS_PER_POLL = 3
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Followed:
    """One import that succeeded, in seconds of AWS time.

    Attributes:
        polls: How often the task was looked at.
        delay: From the task's end to the look that saw it, less what latency added to that last wait.
        delay_as_run: The same with that latency, which the time scale stretches.
        overhead: How much later than it was asked for a look comes on average: latency, scaled.
    """

    polls: int
    delay: float
    delay_as_run: float
    overhead: float


def measure_one(target: Deployed) -> Section:
    """Import once and give what that uses."""
    meter = Meter(target.cloud)
    meter.start()
    began = time.monotonic()
    single = _import_all(target, {"images/single.vmdk": LONG_TASK_SECONDS})[0]
    took = time.monotonic() - began
    ec2_calls = sum(call.service == "ec2" for call in meter.calls())
    return _one_import(target, single, meter.usage(), ec2_calls, took)


def measure_many(target: Deployed) -> Section:
    """Import many times and give how soon the ends are seen."""
    many: list[Followed] = []
    for first in range(0, len(SAMPLE_SECONDS), _WAVE):
        wave = SAMPLE_SECONDS[first : first + _WAVE]
        many += _import_all(target, {f"images/end-{seconds}.vmdk": seconds for seconds in wave})
    return _detection(many)


def _one_import(target: Deployed, single: Followed, usage: Usage, ec2_calls: int, took: float) -> Section:
    polls = polling_model.polls_of(LONG_TASK_SECONDS)
    whole = usage + looks(target, max(0, polls - single.polls))
    minutes = LONG_TASK_SECONDS // 60
    return Section(
        f"One import whose task takes {minutes} minutes",
        (
            Figure(
                name="Cost",
                value=float(bill(whole).dollars),
                unit="$",
                most=0.005,
                note=f"list prices, with the {polls} looks at the task that AWS's latency would give",
            ),
            Figure(name="Cost as run here", value=float(bill(usage).dollars), unit="$"),
            Figure(
                name="State transitions",
                value=float(whole[Charge.STATE_TRANSITIONS]),
                unit="",
                note=f"{usage[Charge.STATE_TRANSITIONS]} as run here",
            ),
            Figure(name="Looks at the task", value=polls, unit="", note=f"{single.polls} as run here"),
            Figure(name="Lambda invocations", value=float(whole[Charge.LAMBDA_REQUESTS]), unit=""),
            Figure(
                name="Lambda GB-seconds",
                value=float(whole[Charge.LAMBDA_ARM_GB_SECONDS]),
                unit="",
                note="durations of this machine, cold starts included",
            ),
            Figure(name="EC2 calls", value=ec2_calls, unit="", note="as run here"),
            Figure(name="Wall clock", value=took, unit="s", most=60, note=f"time scale {TIME_SCALE}"),
        ),
    )


def _detection(many: list[Followed]) -> Section:
    delays = [each.delay for each in many]
    as_run = [each.delay_as_run for each in many]
    overhead = statistics.fmean(each.overhead for each in many)
    model = polling_model.detection(SAMPLE_SECONDS[0], SAMPLE_SECONDS[-1])
    how = f"{len(many)} imports, the latency of the last look taken out"
    late = f"with it; a look comes {overhead:.0f} s late on average at this time scale"
    return Section(
        "From a task's end to its detection (AWS time)",
        (
            Figure(name="Mean, by the intervals", value=model.mean, unit="s", most=30, note="no latency"),
            Figure(name="Worst, by the intervals", value=model.worst, unit="s", most=60, note="no latency"),
            Figure(name="Mean, measured", value=statistics.fmean(delays), unit="s", most=30, note=how),
            Figure(name="Worst, measured", value=max(delays), unit="s", most=60, note=how),
            Figure(name="Mean, as run here", value=statistics.fmean(as_run), unit="s", note=late),
            Figure(name="Worst, as run here", value=max(as_run), unit="s", note=late),
        ),
    )


def _import_all(target: Deployed, ends: dict[str, int]) -> list[Followed]:
    """Import the demo disk under each key, with a task of its length; returns when all have succeeded."""
    s3, body = target.cloud.client("s3"), DEMO_DISK.read_bytes()
    with completed_tasks() as completed:
        for key, seconds in ends.items():
            with tasks_last(seconds):
                s3.put_object(Bucket=target.bucket, Key=key, Body=body)
                until(lambda key=key: _has_task(target, key), f"the task of {key}")
        for key in ends:
            until(lambda key=key: result_of(target, key).get("EndedAt") is not None, f"{key} to end")
    return [_followed(target, result_of(target, key), completed) for key in ends]


def _followed(target: Deployed, result: dict[str, Any], tasks: dict[str, ImportImageTask]) -> Followed:
    if result["Status"] != "Succeeded":
        raise RuntimeError(f"The import of {result['Source']['Key']} ended as {result}.")
    task = tasks[result["ImportTaskId"]]
    # The intervals count from the request's admission, as the result tells it.
    started, end = datetime.fromisoformat(result["StartedAt"]).timestamp(), task.ended_at
    assert end is not None
    entered = _entries(target, result["ExecutionArn"], POLL_STATE)
    intervals = [later - earlier for earlier, later in itertools.pairwise(entered)]
    asked = [poll_interval(at - started) for at in entered[:-1]]
    last_before = max(at for at in entered if at < end)
    return Followed(
        polls=len(entered),
        delay=polling_model.next_look(last_before, started=started, end=end) - end,
        delay_as_run=max(0.0, entered[-1] - end),
        overhead=statistics.fmean(given - wanted for given, wanted in zip(intervals, asked, strict=True)),
    )


def looks(target: Deployed, number: int) -> Usage:
    """What so many more looks at a task use, as measured of those that were made."""
    logs = target.cloud.client("logs")
    (name,) = [
        function["FunctionName"]
        for page in target.cloud.client("lambda").get_paginator("list_functions").paginate()
        for function in page["Functions"]
        if "ImportStepsPollTask" in function["FunctionName"]
    ]
    found = target.cloud.client("lambda").get_function_configuration(FunctionName=name)
    group = found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    warm = [report for page in pages for report in reports(e["message"] for e in page["events"])]
    gb_seconds = sum((report.gb_seconds for report in warm), Decimal(0)) / len(warm)
    return Usage(
        {
            Charge.STATE_TRANSITIONS: _TRANSITIONS_PER_POLL * number,
            Charge.LAMBDA_REQUESTS: number,
            Charge.LAMBDA_ARM_GB_SECONDS: gb_seconds * number,
            Charge.DYNAMODB_READ_UNITS: number,
        }
    )


def _entries(target: Deployed, execution: str, state: str) -> list[float]:
    """When an execution entered a state, in seconds of AWS time."""
    pages = target.cloud.client("stepfunctions").get_paginator("get_execution_history")
    return [
        event["timestamp"].timestamp()
        for page in pages.paginate(executionArn=execution)
        for event in page["events"]
        if event.get("stateEnteredEventDetails", {}).get("name") == state
    ]


def _has_task(target: Deployed, key: str) -> bool:
    tasks = target.cloud.client("ec2").describe_import_image_tasks()["ImportImageTasks"]
    details = [detail for task in tasks for detail in task.get("SnapshotDetails", [])]
    return any(detail.get("UserBucket", {}).get("S3Key") == key for detail in details)


def result_of(target: Deployed, key: str) -> dict[str, Any]:
    """The newest result of a key; nothing where there is none."""
    s3 = target.cloud.client("s3")
    try:
        document = s3.get_object(Bucket=target.bucket, Key=f"results/{key}.json")["Body"].read()
    except s3.exceptions.NoSuchKey:
        return {}
    found: dict[str, Any] = json.loads(document)
    return found


def until(condition: Any, what: str, *, seconds: float = _PATIENCE_SECONDS, every: float = 0.1) -> None:
    """Wait for something.

    Raises:
        TimeoutError: If it does not happen in so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} s for {what}.")
        time.sleep(every)
