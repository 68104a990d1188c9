"""The table itself: every row by its type."""

from __future__ import annotations

from collections.abc import Mapping

from vmie_local.cloudformation.resource_type import ResourceType
from vmie_local.cloudformation.types import (
    cdk,
    cloudwatch,
    dynamodb,
    ecr,
    events,
    iam,
    kms,
    lambda_event_sources,
    lambda_functions,
    logs,
    s3,
    sns,
    sqs,
    ssm,
    states,
)

_MODULES = (
    cdk,
    cloudwatch,
    dynamodb,
    ecr,
    events,
    iam,
    kms,
    lambda_event_sources,
    lambda_functions,
    logs,
    s3,
    sns,
    sqs,
    ssm,
    states,
)

TABLE: Mapping[str, ResourceType] = {row.name: row for module in _MODULES for row in module.TYPES}
