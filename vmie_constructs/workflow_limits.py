"""How much a workflow does at once, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from aws_cdk import Duration, Token

_SHORTEST_DEADLINE = Duration.minutes(5)
# Step Functions ends an execution whose history exceeds 25,000 events. One look at a task takes nine (wait 2,
# task 5, choice 2), at the longest interval of 50 seconds (`vmie_runtime.polling`) 648 in an hour: 36 hours
# leave 1,600 for the other states and for retries.
_LONGEST_DEADLINE = Duration.hours(36)


@dataclass(frozen=True, kw_only=True)
class WorkflowLimits:
    """The bounds of every request.

    Attributes:
        max_concurrent_tasks: Leases.
        deadline: From admission to the end.
        stall_timeout: How long a task's phase and progress may stand still.

    Raises:
        ValueError: a bound that no task could keep.
    """

    max_concurrent_tasks: int
    deadline: Duration
    stall_timeout: Duration

    @classmethod
    def of(
        cls, *, max_concurrent_tasks: int, deadline: Duration | None, stall_timeout: Duration | None
    ) -> Self:
        """Fill in 12 hours for the deadline and, within it, 4 hours for a stall."""
        deadline = deadline or Duration.hours(12)
        if stall_timeout is None:
            stall_timeout = _shorter(Duration.hours(4), deadline)
        return cls(max_concurrent_tasks=max_concurrent_tasks, deadline=deadline, stall_timeout=stall_timeout)

    def __post_init__(self) -> None:
        if not Token.is_unresolved(self.max_concurrent_tasks) and self.max_concurrent_tasks < 1:
            raise ValueError(
                f"max_concurrent_tasks is {self.max_concurrent_tasks}: nothing would ever run. Give at least"
                " 1; to hold requests back for a while, set the pause parameter."
            )
        if self.deadline.is_unresolved() or self.stall_timeout.is_unresolved():
            return
        if (
            not _SHORTEST_DEADLINE.to_seconds()
            <= self.deadline.to_seconds()
            <= _LONGEST_DEADLINE.to_seconds()
        ):
            raise ValueError(
                f"deadline is {self.deadline.to_human_string()}; it must lie between 5 minutes and 36"
                " hours: the history of an execution holds 25,000 events, which waiting for a task uses up in"
                " little more."
            )
        if not 0 < self.stall_timeout.to_seconds() <= self.deadline.to_seconds():
            raise ValueError(
                f"stall_timeout is {self.stall_timeout.to_human_string()} and deadline"
                f" {self.deadline.to_human_string()}: a stall longer than the deadline would never be"
                " noticed. Give a shorter stall_timeout or a longer deadline."
            )


def _shorter(one: Duration, other: Duration) -> Duration:
    if other.is_unresolved():
        return one
    return one if one.to_seconds() < other.to_seconds() else other
