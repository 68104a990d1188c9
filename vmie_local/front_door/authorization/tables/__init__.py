"""Which IAM actions, on which resources, each API operation needs.

The operation is not always the action (HeadObject needs `s3:GetObject`), and some calls need several
actions. The source is the Service Authorization Reference. An operation that has no row here is refused to
every role with a message that says so: a row must be written, nothing is allowed by silence.
"""

from collections.abc import Mapping

from vmie_local.front_door.authorization.requirement import Row, Table
from vmie_local.front_door.authorization.tables.data import DYNAMODB, DYNAMODB_STREAMS
from vmie_local.front_door.authorization.tables.ebs import EBS
from vmie_local.front_door.authorization.tables.ec2 import EC2, any_describe
from vmie_local.front_door.authorization.tables.identity import IAM, STS
from vmie_local.front_door.authorization.tables.management import (
    CLOUDFORMATION,
    CLOUDWATCH,
    KMS,
    LICENSE_MANAGER,
    LOGS,
    SSM,
    TAG,
    XRAY,
)
from vmie_local.front_door.authorization.tables.messaging import EVENTS, SNS, SQS
from vmie_local.front_door.authorization.tables.s3 import S3
from vmie_local.front_door.authorization.tables.workflows import LAMBDA, STATES

TABLES: Mapping[str, Table] = {
    "cloudformation": CLOUDFORMATION,
    "cloudwatch": CLOUDWATCH,
    "dynamodb": {**DYNAMODB, **DYNAMODB_STREAMS},
    "ebs": EBS,
    "ec2": EC2,
    "events": EVENTS,
    "iam": IAM,
    "kms": KMS,
    "lambda": LAMBDA,
    "license-manager": LICENSE_MANAGER,
    "logs": LOGS,
    "s3": S3,
    "sns": SNS,
    "sqs": SQS,
    "ssm": SSM,
    "states": STATES,
    "sts": STS,
    "tag": TAG,
    "xray": XRAY,
}


def row_for(service: str, operation: str) -> Row | None:
    """The row of an operation, or None if nobody has written one."""
    row = TABLES.get(service, {}).get(operation)
    if row is None and service == "ec2" and operation.startswith("Describe"):
        return any_describe(operation)
    return row
