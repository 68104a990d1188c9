"""What the handlers of one function share, made at the first invocation."""

from __future__ import annotations

from functools import cache

from vmie_runtime.aws import client
from vmie_runtime.request import Request
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.results import ResultPublisher
from vmie_runtime.settings import Settings
from vmie_runtime.stages.stage import Work


@cache
def settings() -> Settings:
    """The function's settings."""
    return Settings()


@cache
def requests_table() -> RequestsTable:
    """The requests table."""
    return RequestsTable(
        client("dynamodb"),
        settings().requests_table,
        max_leases=settings().max_concurrent_tasks,
        workflow=settings().workflow_kind,
    )


@cache
def publisher() -> ResultPublisher:
    """The publisher of results."""
    return ResultPublisher(
        s3=client("s3"),
        events=client("events"),
        sns=client("sns"),
        table=requests_table(),
        bucket=settings().bucket,
        event_bus=settings().event_bus,
        topic_arn=settings().topic_arn,
        workflow=settings().requests_table,
        kind=settings().workflow_kind,
    )


def work_on(request: Request, *, now: str) -> Work:
    """A request and the means to work on it."""
    return Work(
        request=request,
        ec2=client("ec2"),
        s3=client("s3"),
        workflow=settings().requests_table,
        settings=settings(),
        now=now,
    )
