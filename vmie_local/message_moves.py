"""StartMessageMoveTask and ListMessageMoveTasks of SQS: dead letters go back to where they came from.

A letter that was sent to the dead-letter queue directly, as EventBridge, SNS and Lambda do, came from no
queue: without a DestinationArn the move fails at it. Source: SQS developer guide, "Troubleshoot Amazon SQS
dead-letter queue and DLQ redrive issues", CouldNotDetermineMessageSource.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from vmie_local.front_door.api_call import ApiCall, ApiError
from vmie_local.moto_seams import sqs

if TYPE_CHECKING:
    from vmie_local.front_door.door import FrontDoor

_MOST_LISTED = 10  # SQS API reference, ListMessageMoveTasks


class MessageMoves:
    """Moves messages out of dead-letter queues; each move is over when it is answered."""

    def __init__(self, front_door: FrontDoor) -> None:
        """Answer the operations at the front door.

        Args:
            front_door: Where they come in.
        """
        self._moves: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        front_door.register("sqs", "StartMessageMoveTask", self._start)
        front_door.register("sqs", "ListMessageMoveTasks", self._list)

    def _start(self, call: ApiCall) -> dict[str, Any]:
        given = call.parameters
        source = self._dead_letter_queue(call)
        if not sqs.sources_of_dead_letters(call.account, call.region, source):
            raise _error("UnsupportedOperation", "Source queue must be configured as a Dead Letter Queue.")
        destination = str(given.get("DestinationArn") or "")
        if destination and not sqs.exists(call.account, call.region, _name(destination)):
            raise _error("ResourceNotFoundException", "The resource that you specified does not exist.", 404)
        letters = sqs.dead_letters(call.account, call.region, source)
        moved, failure = self._moved(call, source, letters, _name(destination) or None)
        task = {
            "Status": "FAILED" if failure else "COMPLETED",
            "SourceArn": given["SourceArn"],
            "ApproximateNumberOfMessagesMoved": moved,
            "ApproximateNumberOfMessagesToMove": len(letters),
            "StartedTimestamp": int(call.at * 1000),
        }
        if destination:
            task["DestinationArn"] = destination
        if failure:
            task["FailureReason"] = failure
        with self._lock:
            self._moves.insert(0, task)
        return {"TaskHandle": str(uuid.uuid4())}

    def _moved(
        self, call: ApiCall, source: str, letters: list[sqs.DeadLetter], destination: str | None
    ) -> tuple[int, str | None]:
        """How many letters were moved, and why the others were not."""
        for moved, letter in enumerate(letters):
            target = destination or letter.came_from
            if target is None:
                return moved, "CouldNotDetermineMessageSource"
            if not sqs.exists(call.account, call.region, target):
                return moved, "AWS.SimpleQueueService.NonExistentQueue"
            sqs.move(call.account, call.region, source, letter, target)
        return len(letters), None

    def _list(self, call: ApiCall) -> dict[str, Any]:
        self._dead_letter_queue(call)
        most = min(int(call.parameters.get("MaxResults") or 1), _MOST_LISTED)
        with self._lock:
            found = [each for each in self._moves if each["SourceArn"] == call.parameters["SourceArn"]]
        return {"Results": found[:most]}

    def _dead_letter_queue(self, call: ApiCall) -> str:
        name = _name(str(call.parameters["SourceArn"]))
        if not sqs.exists(call.account, call.region, name):
            raise _error("ResourceNotFoundException", "The resource that you specified does not exist.", 404)
        return name


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


def _error(code: str, message: str, status: int = 400) -> ApiError:
    return ApiError(code, message, status)
