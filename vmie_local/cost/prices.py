"""Prices of what the pipeline uses: data, with where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum

REGION = "us-east-1"
AS_OF = "2026-06"
"""The month to which the prices were compared with what is published."""


class Charge(StrEnum):
    """One thing that AWS counts."""

    STATE_TRANSITIONS = "state transitions"
    LAMBDA_REQUESTS = "invocations"
    LAMBDA_ARM_GB_SECONDS = "GB-seconds, arm64"
    LAMBDA_X86_GB_SECONDS = "GB-seconds, x86_64"
    S3_WRITES = "PUT, POST, LIST requests"
    S3_READS = "GET and other requests"
    DYNAMODB_WRITE_UNITS = "write request units"
    DYNAMODB_READ_UNITS = "read request units"
    SQS_REQUESTS = "SQS requests"
    SNS_PUBLISHES = "notifications"
    EVENTS = "events"
    LOG_GB = "GB of logs"
    METRIC_HOURS = "metric-hours"
    TRACES = "traces"
    SNAPSHOT_GB_MONTHS = "GB-months of snapshots"
    S3_GB_MONTHS = "GB-months of objects"


class Basis(Enum):
    """How sure a price is."""

    PAGE = "read on AWS's own page"
    REPORTED = "AWS's price as several public articles quote it"
    MEMORY = "AWS's price list from memory; check the page before relying on it"


@dataclass(frozen=True, kw_only=True)
class Price:
    """A list price in us-east-1, first tier, without any free tier.

    Attributes:
        service: The service as the bill names it.
        dollars: US dollars for `per` units.
        per: How many units that buys.
        source: AWS's page for the price.
        basis: How the number was found.
        note: What the unit counts, where that is not obvious.
    """

    service: str
    dollars: Decimal
    per: int
    source: str
    basis: Basis
    note: str = ""

    @property
    def per_unit(self) -> Decimal:
        """US dollars for one unit."""
        return self.dollars / self.per


_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_MILLION = 1_000_000
_HOURS_PER_MONTH = 730

PRICES: Mapping[Charge, Price] = {
    Charge.STATE_TRANSITIONS: Price(
        service="Step Functions",
        dollars=Decimal("0.025"),
        per=1000,
        source="https://aws.amazon.com/step-functions/pricing/",
        basis=Basis.PAGE,
        note="Standard workflows; retries count, and so does the start of an execution",
    ),
    Charge.LAMBDA_REQUESTS: Price(
        service="Lambda",
        dollars=Decimal("0.20"),
        per=_MILLION,
        source=_LAMBDA,
        basis=Basis.REPORTED,
    ),
    Charge.LAMBDA_ARM_GB_SECONDS: Price(
        service="Lambda",
        dollars=Decimal("0.0000133334"),
        per=1,
        source=_LAMBDA,
        basis=Basis.REPORTED,
        note="the INIT phase included, as since August 2025",
    ),
    Charge.LAMBDA_X86_GB_SECONDS: Price(
        service="Lambda",
        dollars=Decimal("0.0000166667"),
        per=1,
        source=_LAMBDA,
        basis=Basis.REPORTED,
        note="the INIT phase included, as since August 2025",
    ),
    Charge.S3_WRITES: Price(
        service="S3", dollars=Decimal("0.005"), per=1000, source=_S3, basis=Basis.REPORTED
    ),
    Charge.S3_READS: Price(
        service="S3", dollars=Decimal("0.0004"), per=1000, source=_S3, basis=Basis.REPORTED
    ),
    Charge.DYNAMODB_WRITE_UNITS: Price(
        service="DynamoDB",
        dollars=Decimal("0.625"),
        per=_MILLION,
        source=_DYNAMODB,
        basis=Basis.REPORTED,
        note="on demand, as since November 2024",
    ),
    Charge.DYNAMODB_READ_UNITS: Price(
        service="DynamoDB",
        dollars=Decimal("0.125"),
        per=_MILLION,
        source=_DYNAMODB,
        basis=Basis.REPORTED,
        note="on demand, as since November 2024",
    ),
    Charge.SQS_REQUESTS: Price(
        service="SQS",
        dollars=Decimal("0.40"),
        per=_MILLION,
        source="https://aws.amazon.com/sqs/pricing/",
        basis=Basis.REPORTED,
    ),
    Charge.SNS_PUBLISHES: Price(
        service="SNS",
        dollars=Decimal("0.50"),
        per=_MILLION,
        source="https://aws.amazon.com/sns/pricing/",
        basis=Basis.REPORTED,
        note="deliveries come on top, by protocol: SQS and Lambda free, e-mail $2 per 100,000",
    ),
    Charge.EVENTS: Price(
        service="EventBridge",
        dollars=Decimal("1.00"),
        per=_MILLION,
        source="https://aws.amazon.com/eventbridge/pricing/",
        basis=Basis.REPORTED,
        note="custom events; S3's events are counted too: the pricing page calls them opt-in events",
    ),
    Charge.LOG_GB: Price(
        service="CloudWatch Logs",
        dollars=Decimal("0.50"),
        per=1,
        source=_CLOUDWATCH,
        basis=Basis.REPORTED,
        note="ingestion, 26 bytes added to each line; kept for a month: $0.03 per GB",
    ),
    Charge.METRIC_HOURS: Price(
        service="CloudWatch metrics",
        dollars=Decimal("0.30"),
        per=_HOURS_PER_MONTH,
        source=_CLOUDWATCH,
        basis=Basis.REPORTED,
        note="a custom metric is paid for in each hour that it is sent, however often",
    ),
    Charge.TRACES: Price(
        service="X-Ray",
        dollars=Decimal("5.00"),
        per=_MILLION,
        source="https://aws.amazon.com/xray/pricing/",
        basis=Basis.MEMORY,
        note="recorded traces, as if every one were sampled",
    ),
    Charge.SNAPSHOT_GB_MONTHS: Price(
        service="EBS snapshots",
        dollars=Decimal("0.05"),
        per=1,
        source="https://aws.amazon.com/ebs/pricing/",
        basis=Basis.MEMORY,
        note="standard tier, written blocks only",
    ),
    Charge.S3_GB_MONTHS: Price(
        service="S3",
        dollars=Decimal("0.023"),
        per=1,
        source=_S3,
        basis=Basis.MEMORY,
        note="Standard, first 50 TB",
    ),
}
