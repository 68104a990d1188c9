import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vmie_local.demo import following
from vmie_local.demo.errors import DemoError
from vmie_local.demo.following import ImportFollower, Sighting


class Cloud:
    """As much of a local AWS as following needs: one look is one second."""

    def __init__(self, tasks: list[dict[str, Any] | None], documents: list[dict[str, Any] | None]) -> None:
        self._tasks, self._documents = tasks, documents
        self.looks = 0
        self.clock = self

    def now(self) -> float:
        return float(self.looks)

    def client(self, _: str) -> Any:
        return self

    def describe_import_image_tasks(self) -> dict[str, Any]:
        task = self._tasks[min(self.looks, len(self._tasks)) - 1]
        return {"ImportImageTasks": [task] if task else []}

    def get_object(self, **address: str) -> dict[str, Any]:
        assert address == {"Bucket": "bucket", "Key": "results/images/disk.vmdk.json"}
        document = self._documents[min(self.looks, len(self._documents) - 1)]
        self.looks += 1
        if document is None:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps(document).encode())}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following.time, "sleep", lambda _: None)


def follow(cloud: Cloud) -> tuple[dict[str, Any], list[Sighting]]:
    seen: list[Sighting] = []
    return ImportFollower(cloud, "bucket", "images/disk.vmdk").follow(seen.append), seen  # type: ignore[arg-type]


def test_the_result_is_returned_and_the_tasks_phases_are_shown() -> None:
    cloud = Cloud(
        tasks=[
            None,
            None,
            {"Status": "active", "StatusMessage": "converting", "Progress": "20"},
            {"Status": "completed"},
        ],
        documents=[None, {"Status": "Running"}, None, None, {"Status": "Succeeded", "ImageId": "ami-1"}],
    )

    document, seen = follow(cloud)

    assert document["ImageId"] == "ami-1"
    assert [(each.phase, each.progress) for each in seen] == [
        ("waiting for the event", None),
        ("checking the request", None),
        ("converting", 20),
        ("recording the result", 100),
    ]


def test_a_rejection_without_a_task_is_an_end() -> None:
    document, _ = follow(Cloud(tasks=[None], documents=[None, {"Status": "Rejected"}]))

    assert document["Status"] == "Rejected"


def test_a_failed_task_is_shown_until_its_cause_is_known() -> None:
    _, seen = follow(
        Cloud(tasks=[{"Status": "deleted"}], documents=[{"Status": "Running"}, {"Status": "Failed"}])
    )

    assert seen == [Sighting("finding the cause", None, 1.0)]


def test_a_pipeline_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 1000, 10))
    monkeypatch.setattr(following.time, "monotonic", lambda: next(moments))

    with pytest.raises(DemoError, match="has not moved"):
        follow(Cloud(tasks=[None], documents=[None]))


def test_a_long_conversion_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 100_000, 30))
    monkeypatch.setattr(following.time, "monotonic", lambda: next(moments))
    active = {"Status": "active", "StatusMessage": "converting", "Progress": "20"}

    document, _ = follow(Cloud(tasks=[active], documents=[*[None] * 200, {"Status": "Succeeded"}]))

    assert document["Status"] == "Succeeded"
