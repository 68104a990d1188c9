"""What functions may do in EC2 to export images and instances."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_s3 as s3

from .bucket_grants import grant_bucket
from .ec2_arns import ec2_arn
from .runtime_function import RuntimeFunction
from .snapshot_permissions import (
    DESCRIBE,
    MADE_BY_SERVICE,
    OWNERS_CHOICE,
    allow_check_default_encryption,
    allow_on_own,
    allow_tagging_new,
)


def allow_start_export(
    function: RuntimeFunction, workflow: str, *, images: Sequence[str] = (), instances: Sequence[str] = ()
) -> None:
    """Start export tasks of exactly these images and instances, and tag the tasks as they are made.

    Args:
        function: Who starts them, and cancels one at once whose request ended meanwhile.
        workflow: The value of the tag `vmie:workflow`, which tasks carry that are cancelled.
        images: Ids of AMIs, each of which may end in `*`. Default: none.
        instances: Likewise of instances; EC2 may stop and start one while it exports it. Default: none.
    """
    if images:
        task = ec2_arn(function, "export-image-task")
        function.allow(["ec2:ExportImage"], [task], wildcard_reason=MADE_BY_SERVICE)
        function.allow(
            ["ec2:ExportImage"],
            [ec2_arn(function, "image", image) for image in images],
            wildcard_reason=OWNERS_CHOICE,
        )
        allow_tagging_new(function, "ExportImage", "export-image-task")
        allow_on_own(function, "ec2:CancelExportTask", "export-image-task", workflow)
    if instances:
        task = ec2_arn(function, "export-instance-task")
        function.allow(["ec2:CreateInstanceExportTask"], [task], wildcard_reason=MADE_BY_SERVICE)
        function.allow(
            ["ec2:CreateInstanceExportTask"],
            [ec2_arn(function, "instance", instance) for instance in instances],
            wildcard_reason=OWNERS_CHOICE,
        )
        allow_tagging_new(function, "CreateInstanceExportTask", "export-instance-task")
        allow_on_own(function, "ec2:CancelExportTask", "export-instance-task", workflow)


def allow_poll_export(function: RuntimeFunction) -> None:
    """See export tasks of images and of instances."""
    function.allow(
        ["ec2:DescribeExportImageTasks", "ec2:DescribeExportTasks"], ["*"], wildcard_reason=DESCRIBE
    )


def allow_check_export(function: RuntimeFunction) -> None:
    """See what decides whether an image or an instance can be exported."""
    function.allow(
        [
            "ec2:DescribeImages",
            "ec2:DescribeImportImageTasks",
            "ec2:DescribeInstances",
            "ec2:DescribeSnapshots",
            "ec2:DescribeVolumes",
        ],
        ["*"],
        wildcard_reason=DESCRIBE,
    )
    allow_check_default_encryption(function)


def allow_check_bucket(function: RuntimeFunction, bucket: s3.IBucket) -> None:
    """See of a bucket that was made elsewhere what synthesis could not: whether exports can be written to it.

    Args:
        function: Who looks.
        bucket: Where exports go.
    """
    grant_bucket(
        bucket,
        function.role,
        "s3:GetBucketLocation",
        "s3:GetBucketOwnershipControls",
        "s3:GetEncryptionConfiguration",
    )


def allow_clean_up_export(function: RuntimeFunction, workflow: str) -> None:
    """Cancel the workflow's own export tasks, told by their tag.

    Args:
        function: Who cleans up.
        workflow: The value of the tag `vmie:workflow`.
    """
    allow_poll_export(function)
    allow_on_own(function, "ec2:CancelExportTask", "export-image-task", workflow)
    allow_on_own(function, "ec2:CancelExportTask", "export-instance-task", workflow)
