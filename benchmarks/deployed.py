"""A local AWS with the pipeline deployed, and how long that took."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console

from vmie_local.deployment import CdkCli
from vmie_local.server import LocalAws
from vmie_local.settings import Settings
from vmie_local.vm_import.conversion import instance_task as instance_module
from vmie_local.vm_import.conversion import volume_task as volume_module
from vmie_local.vm_import.conversion.phases import IMPORT_INSTANCE, IMPORT_VOLUME
from vmie_local.vm_import.import_image import task as image_module
from vmie_local.vm_import.import_image.task import ImportImageTask
from vmie_local.vm_import.import_snapshot import task as snapshot_module
from vmie_local.vm_import.phases import IMPORT_IMAGE, IMPORT_SNAPSHOT, Phase
from vmie_local.vm_import.task import Task

REPOSITORY = Path(__file__).resolve().parents[1]
# 1 s in AWS takes 20 ms here: 30 minutes pass in 36 s, and 0.1 s of latency here counts as 5 s there.
TIME_SCALE = 0.02
CONCURRENT_TASKS = 10


@dataclass
class Deployed:
    """The pipeline on a local AWS.

    Attributes:
        cloud: The local AWS.
        cli: The CDK CLI, for more of it.
        concurrent_tasks: How many tasks the pipeline runs at once.
        bucket: The import bucket.
        state_machine: The ARN of the import's state machine.
        table: The requests table, whose name marks what is the pipeline's.
        times: What took how long on the wall clock, in seconds, and what it was.
    """

    cloud: LocalAws
    cli: CdkCli
    concurrent_tasks: int = CONCURRENT_TASKS
    bucket: str = ""
    state_machine: str = ""
    table: str = ""
    times: dict[str, tuple[float, str]] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str, how: str) -> Iterator[None]:
        """Note how long something takes."""
        began = time.monotonic()
        yield
        self.times[name] = (time.monotonic() - began, how)

    def deploy(self) -> None:
        """Deploy the repository's app."""
        (outputs,) = self.cli.deploy(context=self._context).values()
        self.bucket, self.state_machine = outputs["ImportBucketName"], outputs["ImportStateMachineArn"]
        self.table = outputs["RequestsTableName"]

    def destroy(self) -> None:
        """Delete the stack, with the bucket's objects gone before as CloudFormation asks."""
        s3 = self.cloud.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket):
            for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=self.bucket, Key=version["Key"], VersionId=version["VersionId"])
        self.cli.destroy(context=self._context)

    @property
    def _context(self) -> dict[str, str]:
        return {
            "vmie:bucketRemovalPolicy": "destroy",
            "vmie:maxConcurrentTasks": str(self.concurrent_tasks),
        }


@contextmanager
def deployed(
    console: Console, *, time_scale: float = TIME_SCALE, concurrent_tasks: int = CONCURRENT_TASKS
) -> Iterator[Deployed]:
    """Start a local AWS, deploy, and stop it at the end.

    Args:
        console: Shows what is under way.
        time_scale: Real seconds of a second in AWS.
        concurrent_tasks: How many tasks the pipeline runs at once; EC2 would run twice as many.
    """
    began = time.monotonic()
    cloud = LocalAws(Settings(port=0, time_scale=time_scale, iam="enforce"))
    cloud.start()
    took = time.monotonic() - began
    target = Deployed(
        cloud,
        CdkCli(cloud, REPOSITORY),
        concurrent_tasks=concurrent_tasks,
        times={"start": (took, "the local AWS")},
    )
    try:
        cloud.vm_import.limits.concurrent_tasks = 2 * concurrent_tasks
        with console.status("Bootstrapping"), target.timed("bootstrap", "cdk bootstrap"):
            target.cli.bootstrap()
        with console.status("Deploying"), target.timed("deploy", "cdk deploy, synthesis included"):
            target.deploy()
        yield target
    finally:
        cloud.stop()


@contextmanager
def completed_tasks() -> Iterator[dict[str, ImportImageTask]]:
    """The import tasks that complete meanwhile, by their ids; each knows when it ended and began."""
    completed: dict[str, ImportImageTask] = {}
    complete = ImportImageTask.complete

    def remember(task: ImportImageTask) -> None:
        complete(task)
        completed[task.id] = task

    with patch.object(ImportImageTask, "complete", remember):
        yield completed


@contextmanager
def started_tasks() -> Iterator[list[Task]]:
    """The conversion tasks of every kind that start meanwhile; each knows when it began and ended."""
    started: list[Task] = []
    begin = Task.__init__

    def remember(task: Task, *arguments: Any, **named: Any) -> None:
        begin(task, *arguments, **named)
        started.append(task)

    with patch.object(Task, "__init__", remember):
        yield started


def most_at_once(tasks: Iterable[Task]) -> int:
    """How many tasks were active at the same moment, at most: each is until it has completed or failed."""
    changes = sorted(
        change for task in tasks for change in ((task.started_at, 1), (task.ended_at or math.inf, -1))
    )
    return max(itertools.accumulate((step for _, step in changes), initial=0))


@contextmanager
def tasks_last(seconds: float) -> Iterator[None]:
    """Let EC2's import tasks that start meanwhile take so many seconds of AWS time, in their usual phases."""
    with (
        patch.object(image_module, "IMPORT_IMAGE", _lasting(IMPORT_IMAGE, seconds)),
        patch.object(snapshot_module, "IMPORT_SNAPSHOT", _lasting(IMPORT_SNAPSHOT, seconds)),
        patch.object(instance_module, "IMPORT_INSTANCE", _lasting(IMPORT_INSTANCE, seconds)),
        patch.object(volume_module, "IMPORT_VOLUME", _lasting(IMPORT_VOLUME, seconds)),
    ):
        yield


def _lasting(phases: tuple[Phase, ...], seconds: float) -> tuple[Phase, ...]:
    stretch = seconds / sum(phase.seconds for phase in phases)
    return tuple(replace(phase, seconds=phase.seconds * stretch, seconds_per_gib=0.0) for phase in phases)
