"""What could be left behind: executions, requests, leases, tasks, and resources that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.local.pipeline.harness import Pipeline

_RUNNING = ("active", "deleting")


def leavings(pipeline: Pipeline) -> dict[str, Any]:
    """What is not over or should be gone; empty where nothing is left behind."""
    found = {
        "executions": [
            each["executionArn"]
            for each in pipeline.states.list_executions(
                stateMachineArn=pipeline.state_machine, statusFilter="RUNNING"
            )["executions"]
        ],
        "requests": [item for item in pipeline.requests() if "OpenState" in item],
        "leases": [
            item for item in pipeline.items() if item["Id"].startswith("lease#") and item.get("Holders")
        ],
        "tasks": [
            task for task in (*pipeline.tasks(), *pipeline.snapshot_tasks()) if status_of(task) in _RUNNING
        ],
    }
    if not any(found.values()):
        found["orphans"] = sorted(orphans(pipeline))
    return {name: each for name, each in found.items() if each}


def orphans(pipeline: Pipeline) -> set[str]:
    """AMIs, snapshots and volumes that exist although the request that they were made for did not succeed."""
    kept = {item["Id"] for item in pipeline.requests() if item["Status"] == "Succeeded"}
    existing = dict(_resources(pipeline))
    tagged = {
        resource_id
        for resource_id, tags in existing.items()
        if tags.get("vmie:workflow") == pipeline.table and tags["vmie:request-id"] not in kept
    }
    return tagged | {
        resource_id
        for task in (*pipeline.tasks(), *pipeline.snapshot_tasks())
        if _plain(task)["vmie:request-id"] not in kept
        for resource_id in made_by(task)
        # A task may name a snapshot that another request has made.
        if resource_id in existing and existing[resource_id].get("vmie:request-id") not in kept
    }


def status_of(task: dict[str, Any]) -> str:
    """The status of a task of either kind."""
    return str(task.get("SnapshotTaskDetail", task).get("Status"))


def made_by(task: dict[str, Any]) -> set[str]:
    """The AMI and the snapshots that a task of either kind names."""
    details = [task.get("SnapshotTaskDetail", {}), *task.get("SnapshotDetails", [])]
    return {each for each in (task.get("ImageId"), *(one.get("SnapshotId") for one in details)) if each}


def resources_of(pipeline: Pipeline, request_id: str) -> set[str]:
    """The AMIs, snapshots and volumes that carry a request's id."""
    return {
        resource_id for resource_id, tags in _resources(pipeline) if tags.get("vmie:request-id") == request_id
    }


def _resources(pipeline: Pipeline) -> Iterator[tuple[str, dict[str, str]]]:
    ec2 = pipeline.ec2
    for image in ec2.describe_images(Owners=["self"])["Images"]:
        yield image["ImageId"], _plain(image)
    for snapshot in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        yield snapshot["SnapshotId"], _plain(snapshot)
    for volume in ec2.describe_volumes()["Volumes"]:
        yield volume["VolumeId"], _plain(volume)


def _plain(resource: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}
