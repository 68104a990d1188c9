"""What the handlers of one function share, made at the first invocation."""

from __future__ import annotations

from functools import cache

from vmie_runtime.aws import client
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.settings import Settings


@cache
def settings() -> Settings:
    """The function's settings."""
    return Settings()


@cache
def requests_table() -> RequestsTable:
    """The requests table."""
    return RequestsTable(
        client("dynamodb"), settings().requests_table, max_leases=settings().max_concurrent_tasks
    )


@cache
def publisher() -> ResultPublisher:
    """The publisher of results."""
    return ResultPublisher(
        s3=client("s3"),
        events=client("events"),
        sns=client("sns"),
        table=requests_table(),
        event_bus=settings().event_bus,
        topic_arn=settings().topic_arn,
        workflow=settings().requests_table,
    )
