"""What functions may do in EC2 to import instances and volumes by conversion tasks."""

from __future__ import annotations

import re

from aws_cdk import Token
from aws_cdk import aws_s3 as s3

from .allowed import Allowed
from .bucket_grants import grant_objects, grant_write_objects
from .ec2_arns import Kind, ec2_arn
from .ec2_permissions import allow_marking
from .import_bucket import SCRATCH
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction
from .snapshot_permissions import (
    DESCRIBE,
    MADE_BY_SERVICE,
    allow_making,
    allow_on_own,
    allow_tagging_new,
)

_NETWORK = (
    "Where the owner lists no subnet or security group, EC2 takes the VPC's default, whose id is not known"
    " here; where groups are listed by name, their ids are not. A shared subnet is of another account."
)
_MADE: tuple[Kind, ...] = ("instance", "volume")
_GROUP_ID = re.compile(r"sg-|\*$")
_NO_RESOURCE = "Conversion tasks have no ARN."


def allow_conversion_tasks(function: RuntimeFunction, workflow: str, allowed: Allowed) -> None:
    """Start ImportInstance and ImportVolume tasks.

    Both take neither a token nor tags: tasks are described first and found by their description, and whoever
    follows them marks the instance and the volumes once the task names them. Further disks of a VM are
    attached to the instance that was imported of its boot disk.

    Args:
        function: Who starts them.
        workflow: The value of the tag `vmie:workflow`, which imported instances and volumes carry.
        allowed: Where the owner allows instances to be made.
    """
    allow_poll_conversion(function)
    function.allow(
        ["ec2:ImportInstance"],
        [ec2_arn(function, "instance"), ec2_arn(function, "volume")],
        wildcard_reason=MADE_BY_SERVICE,
    )
    function.allow(
        ["ec2:ImportInstance"],
        _network(function, allowed),
        wildcard_reason=_NETWORK,
    )
    function.allow(["ec2:ImportVolume"], [ec2_arn(function, "volume")], wildcard_reason=MADE_BY_SERVICE)
    # One whose request ended while it was started is cancelled at once.
    allow_cancel_conversion(function)
    for kind in _MADE:
        allow_on_own(function, "ec2:AttachVolume", kind, workflow)


def allow_follow_conversion(function: RuntimeFunction, workflow: str) -> None:
    """See conversion tasks and mark the instances and volumes that they make.

    Args:
        function: Who follows them.
        workflow: The value of the tag `vmie:workflow`; nothing can be tagged without it.
    """
    allow_poll_conversion(function)
    allow_marking(function, workflow, *_MADE)


def allow_manifests(function: RuntimeFunction, bucket: s3.IBucket) -> None:
    """Write import manifests, which name URLs that another role signs (see `UrlSigningRole`).

    Args:
        function: Who writes them.
        bucket: Where they lie.
    """
    grant_write_objects(bucket, function.role, SCRATCH)


def allow_manifest_removal(function: RuntimeFunction, bucket: s3.IBucket) -> None:
    """Remove scratch objects, and nothing else."""
    grant_objects(bucket, function.role, ["s3:DeleteObject"], SCRATCH)
    function.set_environment(Variable.BUCKET, bucket.bucket_name)


def allow_poll_conversion(function: RuntimeFunction) -> None:
    """See conversion tasks and the instances and volumes that they make."""
    function.allow(
        ["ec2:DescribeConversionTasks", "ec2:DescribeInstances", "ec2:DescribeVolumes"],
        ["*"],
        wildcard_reason=DESCRIBE,
    )


def allow_create_image(function: RuntimeFunction, workflow: str) -> None:
    """Make images of the instances that the workflow imported.

    Args:
        function: Who makes them.
        workflow: The value of the tag `vmie:workflow`: instances have it, images and snapshots get it.
    """
    function.allow(["ec2:DescribeImages"], ["*"], wildcard_reason=DESCRIBE)
    allow_on_own(function, "ec2:CreateImage", "instance", workflow)
    allow_making(function, "ec2:CreateImage", workflow, "image", "snapshot")
    allow_tagging_new(function, "CreateImage", "image", "snapshot")


def allow_clean_up_conversion(function: RuntimeFunction, workflow: str) -> None:
    """Cancel conversion tasks and delete the workflow's own instances and volumes, told by their tag.

    Args:
        function: Who cleans up.
        workflow: The value of the tag `vmie:workflow`.
    """
    allow_poll_conversion(function)
    allow_cancel_conversion(function)
    allow_marking(function, workflow, *_MADE)
    allow_on_own(function, "ec2:TerminateInstances", "instance", workflow)
    allow_on_own(function, "ec2:DeleteVolume", "volume", workflow)


def allow_cancel_conversion(function: RuntimeFunction) -> None:
    """Cancel conversion tasks, whoever's they are: they have neither ARNs nor tags."""
    function.allow(["ec2:CancelConversionTask"], ["*"], wildcard_reason=_NO_RESOURCE)


def _network(function: RuntimeFunction, allowed: Allowed) -> list[str]:
    """Subnets and security groups: those that are listed, as far as ids tell, and every one otherwise."""
    groups = allowed.allowed_security_groups
    by_id = all(not Token.is_unresolved(group) and _GROUP_ID.match(group) for group in groups)
    # A shared subnet and its groups are of the account that shares them.
    return [
        *(ec2_arn(function, "subnet", each, account="*") for each in allowed.allowed_subnets or ("*",)),
        *(ec2_arn(function, "security-group", each, account="*") for each in (by_id and groups) or ("*",)),
    ]
