"""What a function's log tells: invocations, billed time, metrics sent, bytes written."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vmie_local.cost.prices import Charge
from vmie_local.cost.usage import Usage

_REPORT = re.compile(
    r"^REPORT RequestId: (?P<request_id>\S+)"
    r".*?\bDuration: (?P<duration>[\d.]+) ms"
    r".*?Billed Duration: (?P<billed>\d+) ms"
    r".*?Memory Size: (?P<memory>\d+) MB"
    r"(?:.*?Init Duration: (?P<init>[\d.]+) ms)?",
    re.DOTALL,
)
# CloudWatch Logs adds 26 bytes to each event when it counts what it ingests (CloudWatch Logs API reference).
_EVENT_OVERHEAD = 26
_GB = 1 << 30
_HOUR_MS = 3_600_000


@dataclass(frozen=True, kw_only=True)
class FunctionReport:
    """A REPORT line.

    Attributes:
        request_id: The invocation.
        duration_ms: How long the handler ran, in milliseconds.
        billed_ms: Whole milliseconds that are paid for; since August 2025 the INIT phase is among them.
        memory_mb: The memory that the function was given, in MiB.
        init_ms: How long the INIT phase took; None for a warm start.
    """

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    init_ms: float | None

    @property
    def gb_seconds(self) -> Decimal:
        """Memory by billed time."""
        return Decimal(self.billed_ms) * self.memory_mb / 1024 / 1000


def reports(messages: Iterable[str]) -> Iterator[FunctionReport]:
    """The REPORT lines among a log's lines."""
    for message in messages:
        found = _REPORT.match(message)
        if found is None:
            continue
        duration, init = float(found["duration"]), float(found["init"]) if found["init"] else None
        yield FunctionReport(
            request_id=found["request_id"],
            duration_ms=duration,
            # A report from before INIT was billed names it beside the billed duration, not within.
            billed_ms=max(int(found["billed"]), math.ceil(duration + (init or 0.0))),
            memory_mb=int(found["memory"]),
            init_ms=init,
        )


def usage_of_reports(found: Iterable[FunctionReport], *, architecture: str = "arm64") -> Usage:
    """Invocations and GB-seconds.

    Args:
        found: The reports.
        architecture: `arm64` or `x86_64`, as GetFunction tells it.
    """
    listed = list(found)
    seconds = Charge.LAMBDA_ARM_GB_SECONDS if architecture == "arm64" else Charge.LAMBDA_X86_GB_SECONDS
    return Usage(
        {
            Charge.LAMBDA_REQUESTS: len(listed),
            seconds: sum((report.gb_seconds for report in listed), Decimal(0)),
        }
    )


def usage_of_logging(messages: Iterable[str]) -> Usage:
    """What ingesting these lines counts as."""
    size = sum(len(message.encode()) + _EVENT_OVERHEAD for message in messages)
    return Usage({Charge.LOG_GB: Decimal(size) / _GB})


def metric_hours(messages: Iterable[str]) -> Usage:
    """Custom metrics in the embedded metric format, each counted once in each hour that it is sent.

    A metric is its namespace, name and dimension values (CloudWatch user guide, embedded metric format).
    """
    sent: set[tuple[Any, ...]] = set()
    for message in messages:
        document = _embedded(message)
        if document is None:
            continue
        hour = int(document["_aws"].get("Timestamp", 0)) // _HOUR_MS
        for directive in document["_aws"].get("CloudWatchMetrics", []):
            for dimensions in directive.get("Dimensions", [[]]):
                values = tuple(sorted((name, str(document.get(name))) for name in dimensions))
                for metric in directive.get("Metrics", []):
                    sent.add((hour, directive.get("Namespace"), metric["Name"], values))
    return Usage({Charge.METRIC_HOURS: len(sent)})


def _embedded(message: str) -> dict[str, Any] | None:
    if '"_aws"' not in message:
        return None
    try:
        document = json.loads(message)
    except ValueError:
        return None
    return document if isinstance(document, dict) and isinstance(document.get("_aws"), dict) else None
