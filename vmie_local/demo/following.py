"""Following one import from the upload to its result."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_local.demo.errors import DemoError

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

TERMINAL = {"Succeeded", "Failed", "Rejected", "Cancelled", "TimedOut"}
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 45.0


@dataclass(frozen=True)
class Sighting:
    """How the import stands.

    Attributes:
        phase: What EC2's task says it does, or what the pipeline does while EC2 does nothing.
        progress: EC2's percentage; None where there is none.
        elapsed: Seconds of AWS time since the upload ended.
    """

    phase: str
    progress: int | None
    elapsed: float


class ImportFollower:
    """Looks at the EC2 task and at the pipeline's result document until the request has ended."""

    def __init__(self, cloud: LocalAws, bucket: str, key: str) -> None:
        """Follow the import of one object.

        Args:
            cloud: The local AWS; nothing else has been imported on it.
            bucket: The import bucket.
            key: The image's key.
        """
        self._cloud, self._bucket, self._key = cloud, bucket, key
        self._ec2, self._s3 = cloud.client("ec2"), cloud.client("s3")

    @property
    def result_key(self) -> str:
        """Where the result that follows the key lies."""
        return f"results/{self._key}.json"

    def follow(self, show: Callable[[Sighting], None]) -> dict[str, Any]:
        """Wait for the end.

        Args:
            show: Called with every look at the task.

        Returns:
            The terminal result document.

        Raises:
            DemoError: If nothing happens for a long time while EC2 has nothing to do.
        """
        began = self._cloud.clock.now()
        active_at = time.monotonic()
        while True:
            document = self._result()
            if document is not None and document["Status"] in TERMINAL:
                return document
            sighting, active = self._look(document, self._cloud.clock.now() - began)
            show(sighting)
            if active:
                active_at = time.monotonic()
            elif time.monotonic() - active_at > _PATIENCE_SECONDS:
                raise DemoError(
                    f"The pipeline has not moved for {_PATIENCE_SECONDS:.0f} s ({sighting.phase}).",
                    "Run it again; if that does not help, report it with build/demo.log.",
                )
            time.sleep(_LOOK_SECONDS)

    def _look(self, document: dict[str, Any] | None, elapsed: float) -> tuple[Sighting, bool]:
        tasks = self._ec2.describe_import_image_tasks()["ImportImageTasks"]
        if not tasks:
            waiting = "checking the request" if document else "waiting for the event"
            return Sighting(waiting, None, elapsed), False
        task = tasks[-1]
        if task["Status"] == "completed":
            return Sighting("recording the result", 100, elapsed), False
        if task["Status"] == "deleted":
            return Sighting("finding the cause", None, elapsed), False
        progress = str(task.get("Progress", ""))
        percent = int(progress) if progress.isdecimal() else None
        return Sighting(task.get("StatusMessage") or task["Status"], percent, elapsed), True

    def _result(self) -> dict[str, Any] | None:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=self.result_key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        document: dict[str, Any] = json.loads(body.read())
        return document
