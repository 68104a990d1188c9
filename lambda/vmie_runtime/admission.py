"""Admission: which waiting requests begin, in the order of their arrival, while leases are free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from vmie_runtime.aws import transient_errors_named
from vmie_runtime.deletions import deletion_stop
from vmie_runtime.executions import Executions
from vmie_runtime.moments import after
from vmie_runtime.request import OpenState, Request
from vmie_runtime.requests_table import RequestsTable

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient

# One round passes over so many waiting requests that must wait longer, after EC2 had no room for them, and
# over so many whose AMI another request exports.
_MOST_PASSED_OVER = 50
_MOST_BUSY = 1000


class Decision(Enum):
    """What becomes of a waiting request."""

    BEGIN = "begin"
    """It was admitted and has a lease."""
    END = "end"
    """Nobody wants it any more; it never had one."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Decides about the requests that wait.

    Attributes:
        table: The requests table.
        executions: The executions of the workflow's state machine.
        ssm: Reads the pause switch.
        pause_parameter: The name of the switch.
        deadline_seconds: How long a request may take from its admission on.
    """

    table: RequestsTable
    executions: Executions
    ssm: SSMClient
    pause_parameter: str
    deadline_seconds: int

    def decide(self, now: str, time_is_left: Callable[[], bool]) -> Iterator[tuple[Decision, Request]]:
        """Admit what may begin, and name what shall end, one after the other.

        Args:
            now: The moment.
            time_is_left: Asked before each request.
        """
        free = self.table.leases.free()
        passed_over = busy = 0
        paused: bool | None = None
        exported: set[str] | None = None
        for request in self.table.with_state(OpenState.QUEUED) if free else ():
            if free <= 0 or passed_over > _MOST_PASSED_OVER or busy > _MOST_BUSY or not time_is_left():
                return
            if self._is_unwanted(request):
                yield Decision.END, request
                continue
            if request.not_before is not None and request.not_before > now:
                passed_over += 1
                continue
            if (image := _exported_image(request)) is not None:
                exported = self._images_under_way() if exported is None else exported
                if image in exported:
                    busy += 1
                    continue
            paused = self._paused() if paused is None else paused
            if paused:
                return
            if request.direct and not self.waits(request):
                yield Decision.END, request
            elif self.table.admit(request, now=now, deadline_at=after(now, self.deadline_seconds)):
                free -= 1
                if image is not None and exported is not None:
                    exported.add(image)
                if (admitted := self.table.find(request.id)) is not None:
                    yield Decision.BEGIN, admitted
            else:  # Another round was faster; it may have taken the last lease.
                free = self.table.leases.free()

    def waits(self, request: Request) -> bool:
        """Tell whether the execution of a request that was started directly still waits for its admission."""
        execution = self.executions.find(request)
        return execution is not None and execution.status == "RUNNING"

    def _is_unwanted(self, request: Request) -> bool:
        """Tell whether a waiting request shall stop.

        Where whoever asked for it died before the request was taken out of the queue, half of the stop is
        written down. And a deletion may have been handled before the delivery that made the request had
        come so far, or before the index of its source showed it.
        """
        if request.stop is not None:
            return True
        if request.source is None or not self.table.sources.was_deleted(request.source):
            return False
        self.table.update(request.id, {"stop": deletion_stop(request.source)}, unset="stop")
        return True

    def _images_under_way(self) -> set[str]:
        """The AMIs that requests export now: EC2 takes one export of an AMI at a time (user guide)."""
        live = (_exported_image(request) for request in self.table.with_state(OpenState.LIVE))
        return {image for image in live if image is not None}

    def _paused(self) -> bool:
        with transient_errors_named():
            value = self.ssm.get_parameter(Name=self.pause_parameter)["Parameter"]["Value"]
        return value.strip().lower() == "true"


def _exported_image(request: Request) -> str | None:
    """The AMI that a request exports, or None."""
    if request.operation != "ExportImage" or request.dry_run:
        return None
    image: str | None = request.parameters.get("ImageId")
    return image
