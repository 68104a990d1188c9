"""Log groups that go with the stack, encrypted where the workflow has a key."""

from __future__ import annotations

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from .acknowledgements import HIPAA, NIST, PCI, acknowledge


def log_group(
    scope: Construct,
    construct_id: str,
    *,
    retention: logs.RetentionDays,
    encryption_key: kms.IKey | None,
    log_group_name: str | None = None,
) -> logs.LogGroup:
    """Make a log group.

    Args:
        scope: The parent.
        construct_id: The id within it.
        retention: How long log events are kept.
        encryption_key: A key of this app is made usable for CloudWatch Logs; any other must be already.
        log_group_name: Default: a name that CloudFormation generates.
    """
    group = logs.LogGroup(
        scope,
        construct_id,
        log_group_name=log_group_name,
        retention=retention,
        encryption_key=encryption_key,
        removal_policy=RemovalPolicy.DESTROY,
    )
    if encryption_key is None:
        acknowledge(
            group,
            "CloudWatchLogGroupEncrypted",
            (NIST, HIPAA, PCI),
            "CloudWatch encrypts with a key of its own; the workflow takes an encryption_key for yours.",
        )
    return group


def grant_log_groups(key: kms.IKey, scope: Construct) -> None:
    """Let CloudWatch Logs encrypt the log groups of the stack's account and Region.

    Source: CloudWatch Logs User Guide, "Encrypt log data using AWS Key Management Service".
    """
    stack = Stack.of(scope)
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:DescribeKey",
            ],
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name="*",
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    )
                }
            },
        )
    )
