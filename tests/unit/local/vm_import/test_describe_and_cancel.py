from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local.vm_import.fakes import HERE, THERE, World
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import.task import DELETING_SECONDS


def listed(world: World, **parameters: Any) -> list[str]:
    answer = world.operations["DescribeImportImageTasks"](HERE, parameters)
    return [task["ImportTaskId"] for task in answer["ImportImageTasks"]]


@pytest.fixture
def four(world: World) -> dict[str, str]:
    """One task in each state."""
    world.limits.concurrent_tasks = 10
    tasks = {"completed": world.start()}
    world.finish(tasks["completed"])
    for state in ("deleted", "deleting", "active"):
        tasks[state] = world.start()
        if state != "active":
            world.operations["CancelImportTask"](HERE, {"ImportTaskId": tasks[state]})
        if state == "deleted":
            world.pass_time(DELETING_SECONDS)
    return tasks


@pytest.mark.parametrize("state", ["active", "completed", "deleting", "deleted"])
def test_tasks_are_filtered_by_state(world: World, four: dict[str, str], state: str) -> None:
    assert listed(world, Filters=[{"Name": "task-state", "Values": [state]}]) == [four[state]]


def test_a_filter_with_two_values_passes_either(world: World, four: dict[str, str]) -> None:
    wanted = [{"Name": "task-state", "Values": ["active", "deleted"]}]

    assert listed(world, Filters=wanted) == [four["deleted"], four["active"]]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"Name": "tag:team", "Values": ["web"]}, True),
        ({"Name": "tag:team", "Values": ["w?b", "x"]}, True),
        ({"Name": "tag:team", "Values": ["*"]}, True),
        ({"Name": "tag:team", "Values": ["[w]eb"]}, False),
        ({"Name": "tag:team", "Values": ["db"]}, False),
        ({"Name": "tag:other", "Values": ["*"]}, False),
        ({"Name": "tag-key", "Values": ["te*"]}, True),
        ({"Name": "tag-key", "Values": ["web"]}, False),
    ],
)
def test_tasks_are_filtered_by_tag(world: World, given: dict[str, Any], found: bool) -> None:
    tags = [{"ResourceType": "import-image-task", "Tags": [{"Key": "team", "Value": "web"}]}]
    task_id = world.start(TagSpecifications=tags)

    assert listed(world, Filters=[given]) == ([task_id] if found else [])


@pytest.mark.parametrize(
    "given", [{"Name": "status", "Values": ["active"]}, {"Name": "task-state", "Values": ["pending"]}]
)
def test_a_filter_that_does_not_exist_is_refused(world: World, given: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refusal:
        listed(world, Filters=[given])

    assert refusal.value.code == "InvalidParameterValue"


@pytest.mark.parametrize("count", [6, 7])
def test_pages_follow_one_another_and_lose_nothing(world: World, count: int) -> None:
    world.limits.concurrent_tasks = 10
    tasks = [world.start() for _ in range(count)]
    pages, token = [], None
    for _ in range(4):
        answer = world.operations["DescribeImportImageTasks"](
            HERE, {"MaxResults": 3, **({"NextToken": token} if token else {})}
        )
        pages.append([task["ImportTaskId"] for task in answer["ImportImageTasks"]])
        token = answer.get("NextToken")
        if token is None:
            break

    assert [task_id for page in pages for task_id in page] == tasks
    assert all(pages)


def test_a_token_of_somebody_else_is_refused(world: World) -> None:
    with pytest.raises(ApiError) as refusal:
        listed(world, NextToken="AAAA")

    assert refusal.value.code == "InvalidPaginationToken"


@pytest.mark.parametrize(
    "task_id", ["import-ami-0000000000000000t", "import-ami-x", "ami-1", "import-snap-1"]
)
@pytest.mark.parametrize("operation", ["describe", "cancel"])
def test_an_unknown_id_is_called_malformed(world: World, task_id: str, operation: str) -> None:
    with pytest.raises(ApiError) as refusal:
        if operation == "describe":
            world.describe(task_id)
        else:
            world.operations["CancelImportTask"](HERE, {"ImportTaskId": task_id})

    assert refusal.value.code == "InvalidConversionTaskId.Malformed"


def test_a_task_is_unknown_in_another_region(world: World) -> None:
    task_id = world.start()

    with pytest.raises(ApiError) as refusal:
        world.operations["DescribeImportImageTasks"](THERE, {"ImportTaskIds": [task_id]})
    assert refusal.value.code == "InvalidConversionTaskId.Malformed"


def test_cancelling_ends_a_task(world: World) -> None:
    task_id = world.start()
    world.pass_time(300)
    answer = world.operations["CancelImportTask"](
        HERE, {"ImportTaskId": task_id, "CancelReason": "wrong disk"}
    )

    assert answer == {"ImportTaskId": task_id, "PreviousState": "active", "State": "deleting"}
    assert world.describe(task_id)["Status"] == "deleting"
    assert "Progress" not in world.describe(task_id)
    assert world.task(task_id).cancel_reason == "wrong disk"
    world.pass_time(DELETING_SECONDS)
    assert world.describe(task_id)["Status"] == "deleted"


def test_cancelling_removes_snapshots_that_are_made_already(world: World) -> None:
    task_id = world.start()
    while world.describe(task_id)["StatusMessage"] != "preparing ami":
        world.pass_time(15)
    assert world.registry.snapshots
    world.operations["CancelImportTask"](HERE, {"ImportTaskId": task_id})
    world.engine.tick()

    assert world.registry.snapshots == {}
    assert world.blocks.bytes_on_disk() == 0
    assert list((world.folder / "scratch").iterdir()) == []


@pytest.mark.parametrize("state", ["completed", "deleting", "deleted"])
def test_a_task_that_has_ended_cannot_be_cancelled(world: World, four: dict[str, str], state: str) -> None:
    with pytest.raises(ApiError, match=r"The conversion task cannot be canceled\."):
        world.operations["CancelImportTask"](HERE, {"ImportTaskId": four[state]})


def test_cancelling_needs_an_id(world: World) -> None:
    with pytest.raises(ApiError) as refusal:
        world.operations["CancelImportTask"](HERE, {})

    assert refusal.value.code == "MissingParameter"


def test_a_dry_run_cancels_nothing(world: World) -> None:
    task_id = world.start()

    with pytest.raises(ApiError, match="DryRun flag"):
        world.operations["CancelImportTask"](HERE, {"ImportTaskId": task_id, "DryRun": True})
    assert world.describe(task_id)["Status"] == "active"


def test_work_that_ends_after_the_cancellation_leaves_nothing(world: World) -> None:
    world.engine.hold = True
    task_id = world.start()
    while not world.engine.jobs:
        world.pass_time(15)
    world.engine.jobs[0].run()
    while len(world.engine.jobs) < 2:
        world.pass_time(15)
    decoding = world.engine.jobs[1]
    world.operations["CancelImportTask"](HERE, {"ImportTaskId": task_id})
    assert decoding.cancelled.is_set()
    world.pass_time(2 * DELETING_SECONDS)
    assert world.describe(task_id)["Status"] == "deleting", "the work still runs"
    decoding.run()
    world.pass_time(15)

    assert world.describe(task_id)["Status"] == "deleted"
    assert world.blocks.bytes_on_disk() == 0
    assert list((world.folder / "scratch").iterdir()) == []


def test_slow_work_holds_the_phase_and_delays_the_next(world: World) -> None:
    world.engine.hold = True
    task_id = world.start()
    world.pass_time(3600)
    assert world.describe(task_id)["StatusMessage"] == "validating"
    world.engine.jobs[0].run()
    world.engine.tick()

    assert world.describe(task_id)["StatusMessage"] == "validated"
    world.pass_time(30)
    assert world.describe(task_id)["StatusMessage"] == "converting"
