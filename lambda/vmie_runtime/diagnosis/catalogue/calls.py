"""Quotas, throttling and connections: what a later call may not meet any more."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

QUOTAS = (
    Meaning(
        code="TaskQuotaExceeded",
        category=Category.QUOTA,
        texts=("Task failed to initialize - conversion task limit (5) exceeded.",),
        pattern=r"\btask limit\b.*\bexceeded\b",
        aws_codes=("ResourceCountLimitExceeded",),
        cause="As many import and export tasks are running in this account and Region as its quota allows "
        "(5 by default); others in the account use the same quota.",
        remedy="Nothing: the request waits in the queue and is started when a task ends. To run more at "
        "once, ask for a higher quota of VM Import/Export in Service Quotas (up to 20) and raise "
        "`max_concurrent_tasks`.",
        documentation=links.SERVICE_QUOTAS,
        retryable=True,
    ),
    Meaning(
        code="SnapshotsUnderWay",
        category=Category.QUOTA,
        texts=("Too many snapshot copies in progress. The limit is 20 for this destination region.",),
        pattern=r"\btoo many snapshot copies in progress\b",
        aws_codes=("PendingSnapshotLimitExceeded", "ConcurrentSnapshotLimitExceeded"),
        cause="As many snapshots are being made or copied in this account and Region as its quota allows.",
        remedy="Nothing: the request waits in the queue and goes on, with what it has made so far, when "
        "others have ended.",
        documentation=links.SERVICE_QUOTAS,
        retryable=True,
    ),
    Meaning(
        code="ResourceQuotaExceeded",
        category=Category.QUOTA,
        aws_codes=(
            "ResourceLimitExceeded",
            "SnapshotLimitExceeded",
            "TagLimitExceeded",
            "InstanceLimitExceeded",
            "VolumeLimitExceeded",
            "MaxIOPSLimitExceeded",
        ),
        cause="A quota of the account for images, snapshots, volumes, instances or tags is used up.",
        found="EC2's code is {code}, the call was {operation}.",
        remedy="Delete what is not needed, or ask for a higher quota in Service Quotas; then drop the "
        "request again. A call that starts an import or export task means the quota of tasks by "
        "`ResourceLimitExceeded`, and its request waits for its turn (TaskQuotaExceeded).",
        documentation=links.SERVICE_QUOTAS,
    ),
    Meaning(
        code="InsufficientCapacity",
        category=Category.SERVICE,
        aws_codes=("InsufficientCapacity", "InsufficientInstanceCapacity"),
        cause="EC2 has no capacity for the instance of this task at the moment.",
        remedy="Try again later, or in another Availability Zone or with another instance type.",
        documentation=links.EC2_ERRORS,
        retryable=True,
    ),
)

TRANSIENT = (
    Meaning(
        code="Throttled",
        category=Category.TRANSIENT,
        aws_codes=(
            "RequestLimitExceeded",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "TooManyRequestsException",
            "EC2ThrottledException",
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "ProvisionedThroughputExceededException",
            "TransactionInProgressException",
            "PriorRequestNotComplete",
            "SlowDown",
            "429",
        ),
        cause="The account made more calls than AWS takes at the moment.",
        remedy="Nothing: the call is made again, with growing pauses.",
        documentation=links.EC2_THROTTLING,
        retryable=True,
    ),
    Meaning(
        code="ServiceUnavailable",
        category=Category.TRANSIENT,
        aws_codes=(
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "ServerInternal",
            "ServiceUnavailable",
            "Unavailable",
            "RequestTimeout",
            "RequestTimeoutException",
            "500",
            "502",
            "503",
            "504",
        ),
        cause="AWS had a fault of its own when it answered the call.",
        remedy="Nothing: the call is made again, with growing pauses. Where it lasts, look at the AWS "
        "Health Dashboard.",
        documentation=links.AWS_HEALTH,
        retryable=True,
    ),
    Meaning(
        code="ConnectionFailed",
        category=Category.TRANSIENT,
        aws_codes=(
            "EndpointConnectionError",
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "ConnectionClosedError",
            "ConnectionError",
            "HTTPClientError",
            "ProxyConnectionError",
            "SSLError",
        ),
        cause="The connection to AWS could not be made or broke off.",
        remedy="Nothing: the call is made again. Where it lasts and the functions run in a VPC, give that "
        "VPC a route or an interface endpoint to the service.",
        documentation=links.AWS_HEALTH,
        retryable=True,
    ),
)

MEANINGS = QUOTAS + TRANSIENT
