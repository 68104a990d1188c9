"""ARNs of EC2's resources in a stack's own Region."""

from __future__ import annotations

from typing import Literal

from aws_cdk import ArnFormat, Stack
from constructs import IConstruct

Kind = Literal[
    "export-image-task",
    "export-instance-task",
    "image",
    "import-image-task",
    "import-snapshot-task",
    "instance",
    "security-group",
    "snapshot",
    "subnet",
    "volume",
]
_WITHOUT_ACCOUNT = ("image", "snapshot")


def ec2_arn(scope: IConstruct, kind: Kind, identifier: str = "*", *, account: str | None = None) -> str:
    """The ARN of one resource, or of all of a kind in the stack's Region.

    Source: Service Authorization Reference, "Resource types defined by Amazon EC2".

    Args:
        scope: Whatever is in the stack.
        kind: The resource's type.
        identifier: Its id, or what its id begins with and `*`. Default: every one.
        account: Whose it is; AMIs and snapshots are nobody's. Default: the stack's account.
    """
    stack = Stack.of(scope)
    return stack.format_arn(
        service="ec2",
        account="" if kind in _WITHOUT_ACCOUNT else account or stack.account,
        resource=kind,
        resource_name=identifier,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
