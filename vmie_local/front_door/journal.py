"""The calls that were made, and what became of every role's permissions."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization import Verdict
from vmie_local.iam_policy import Outcome

_MOST_CALLS: Final = 20_000
_MOST_USES: Final = 50_000


@dataclass(frozen=True)
class CallRecord:
    """One call.

    Attributes:
        time: When it arrived, as ISO 8601 on the local AWS's clock.
        call: The call.
        verdict: What the policies said.
        status: The HTTP status of the answer.
        error_code: The error's code, or None.
    """

    time: str
    call: ApiCall
    verdict: Verdict
    status: int
    error_code: str | None

    def document(self) -> dict[str, Any]:
        """The record as JSON has it."""
        call, checks = self.call, self.verdict.checks
        return {
            "Time": self.time,
            "Service": call.service,
            "Operation": call.operation,
            "Principal": call.principal.arn,
            "Role": call.principal.role_name,
            "Region": call.region,
            "Resource": checks[0].resource if checks else None,
            "Decision": self.verdict.decision,
            "Checks": [
                {
                    "Action": check.action,
                    "Resource": check.resource,
                    "Decision": str(check.outcome),
                    "Statement": check.statement,
                }
                for check in checks
            ],
            "Status": self.status,
            "ErrorCode": self.error_code,
        }


@dataclass(frozen=True)
class Use:
    """An action that a role used, or tried to use.

    Attributes:
        role: The role's name.
        action: The IAM action.
        resource: The ARN, or `*`.
        allowed: Whether the policies allowed it.
    """

    role: str
    action: str
    resource: str
    allowed: bool


class Journal:
    """Remembers the newest calls; older ones are forgotten and only counted."""

    def __init__(self, most: int = _MOST_CALLS) -> None:
        """Start empty.

        Args:
            most: How many calls are kept.
        """
        self._records: deque[CallRecord] = deque(maxlen=most)
        self._uses: Counter[Use] = Counter()
        self._forgotten = 0
        self._lock = threading.Lock()

    def keep(self, most: int) -> None:
        """Keep so many calls from now on, the newest of those that are kept already among them."""
        with self._lock:
            self._forgotten += max(0, len(self._records) - most)
            self._records = deque(self._records, maxlen=most)

    def add(self, record: CallRecord) -> None:
        """Remember a call."""
        role = record.call.principal.role_name
        with self._lock:
            if len(self._records) == self._records.maxlen:
                self._forgotten += 1
            self._records.append(record)
            for check in record.verdict.checks if role else ():
                self._count(Use(role or "", check.action, check.resource, check.outcome is Outcome.ALLOWED))

    def _count(self, use: Use) -> None:
        if use in self._uses or len(self._uses) < _MOST_USES:
            self._uses[use] += 1

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()
            self._uses.clear()
            self._forgotten = 0

    def calls(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """The calls whose fields have these values, oldest first.

        Args:
            wanted: Field names of a record's document, in any case, and values. `Principal` matches a part
                of the ARN.
        """
        folded = {name.lower(): value for name, value in wanted.items()}
        return [document for document in self._documents() if _matches(document, folded)]

    @property
    def forgotten(self) -> int:
        """How many calls were made that are not listed any more."""
        with self._lock:
            return self._forgotten

    def uses(self) -> dict[Use, int]:
        """How often each role used each action on each resource."""
        with self._lock:
            return dict(self._uses)

    def _documents(self) -> Iterator[dict[str, Any]]:
        with self._lock:
            records = list(self._records)
        return (record.document() for record in records)


FIELDS: Final = ("Service", "Operation", "Principal", "Role", "Region", "Resource", "Decision", "ErrorCode")
"""The fields that calls can be filtered by."""


def _matches(document: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    for name in FIELDS:
        value = wanted.get(name.lower())
        if value is None:
            continue
        given = str(document[name] or "")
        if value not in given if name == "Principal" else value != given:
            return False
    return True
