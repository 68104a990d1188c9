"""What each step of an import may do in EC2, put together from what each operation needs."""

from __future__ import annotations

from aws_cdk import Token
from aws_cdk import aws_s3 as s3

from .allowed import Allowed
from .conversion_permissions import (
    allow_clean_up_conversion,
    allow_conversion_tasks,
    allow_create_image,
    allow_follow_conversion,
    allow_manifest_removal,
    allow_manifests,
)
from .ec2_arns import Kind, ec2_arn
from .ec2_permissions import (
    WORKFLOW_TAG,
    allow_clean_up,
    allow_poll_import,
    allow_start_import,
    allow_tagging,
)
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction
from .snapshot_permissions import (
    DESCRIBE,
    OWNERS_CHOICE,
    allow_attach_volume,
    allow_clean_up_snapshots,
    allow_clean_up_volumes,
    allow_copy_image,
    allow_create_volume,
    allow_import_of_snapshots,
    allow_on_own,
    allow_poll_snapshot,
    allow_register_image,
    allow_start_snapshot,
)

_TASK_PREFIXES: dict[Kind, str] = {
    "import-image-task": "import-ami-",
    "import-snapshot-task": "import-snap-",
}


def allow_validating(function: RuntimeFunction) -> None:
    """Let a function see what the account would do to an import, and whether a name is taken."""
    function.allow(
        ["ec2:GetEbsEncryptionByDefault", "ec2:GetEbsDefaultKmsKeyId", "ec2:DescribeImages"],
        ["*"],
        wildcard_reason="Settings of the account, and EC2's Describe actions, know no resources.",
    )


def allow_starting(function: RuntimeFunction, workflow: str, allowed: Allowed, bucket: s3.IBucket) -> None:
    """Let a function make every call that an import begins with.

    Args:
        function: Who starts tasks.
        workflow: The value of the tag `vmie:workflow`.
        allowed: What the owner allows requests to name; without a zone nothing is made in one.
        bucket: The import bucket.
    """
    allow_start_import(function)
    allow_poll_import(function)
    allow_start_snapshot(function)
    allow_poll_snapshot(function)
    allow_import_of_snapshots(function, allowed.allowed_snapshots)
    allow_register_image(function, workflow)
    allow_copy_image(function, workflow)
    allow_tagging(function, workflow)
    # One whose request ended while it was started is cancelled at once.
    for kind in _TASK_PREFIXES:
        allow_on_own(function, "ec2:CancelImportTask", kind, workflow)
    if allowed.allowed_snapshots:
        # Whether what a request brings along is encrypted, where its image is to be.
        function.allow(["ec2:DescribeSnapshots"], ["*"], wildcard_reason=DESCRIBE)
        function.allow(
            ["ec2:RegisterImage"],
            [ec2_arn(function, "snapshot", snapshot) for snapshot in allowed.allowed_snapshots],
            wildcard_reason=OWNERS_CHOICE,
        )
    if allowed.allowed_import_tasks:
        _allow_adopting(function, workflow, allowed)
    if allowed.allowed_availability_zones:
        allow_create_volume(function, workflow)
        allow_attach_volume(function, workflow, allowed.allowed_instances)
        allow_conversion_tasks(function, workflow, allowed)
        allow_manifests(function, bucket)
        allow_create_image(function, workflow)


def allow_polling(function: RuntimeFunction, workflow: str, allowed: Allowed) -> None:
    """Let a function follow whatever an import runs, and mark what a task makes that could not be tagged."""
    allow_poll_import(function)
    allow_poll_snapshot(function)
    function.allow(["ec2:DescribeImages"], ["*"], wildcard_reason=DESCRIBE)
    if allowed.allowed_availability_zones:
        function.allow(["ec2:DescribeVolumes"], ["*"], wildcard_reason=DESCRIBE)
        allow_follow_conversion(function, workflow)


def allow_finishing(function: RuntimeFunction, workflow: str, allowed: Allowed, bucket: s3.IBucket) -> None:
    """Let a function tag what an import made, and remove an image that a copy has replaced."""
    allow_tagging(function, workflow)
    function.allow(["ec2:DescribeImages"], ["*"], wildcard_reason=DESCRIBE)
    allow_on_own(function, "ec2:DeregisterImage", "image", workflow)
    allow_on_own(function, "ec2:DeleteSnapshot", "snapshot", workflow)
    if allowed.allowed_availability_zones:
        for kind in ("volume", "instance"):
            allow_on_own(function, "ec2:CreateTags", kind, workflow)
        allow_manifest_removal(function, bucket)


def allow_cleaning(function: RuntimeFunction, workflow: str, allowed: Allowed, bucket: s3.IBucket) -> None:
    """Let a function cancel whatever an import runs and remove whatever it made."""
    allow_clean_up(function, workflow)
    allow_clean_up_snapshots(function, workflow)
    if allowed.allowed_availability_zones:
        allow_clean_up_volumes(function, workflow, allowed.allowed_instances)
        allow_clean_up_conversion(function, workflow)
        allow_on_own(function, "ec2:CreateTags", "volume", workflow)
        allow_manifest_removal(function, bucket)
        # Without a zone there are no conversion tasks, and a function may not even look for them.
        function.set_environment(Variable.ALLOWED, allowed.to_json(function))


def _allow_adopting(function: RuntimeFunction, workflow: str, allowed: Allowed) -> None:
    """Mark the tasks that somebody started by hand."""
    for kind, prefix in _TASK_PREFIXES.items():
        named = [task for task in allowed.allowed_import_tasks if _may_be(task, prefix)]
        if named:
            function.allow(
                ["ec2:CreateTags"],
                [ec2_arn(function, kind, task) for task in named],
                conditions={
                    "StringEquals": {f"aws:RequestTag/{WORKFLOW_TAG}": workflow},
                    "ForAllValues:StringLike": {"aws:TagKeys": "vmie:*"},
                },
                wildcard_reason=f"{OWNERS_CHOICE} Only the tags that mark it as adopted.",
            )


def _may_be(task: str, prefix: str) -> bool:
    """Tell whether an entry stands for tasks whose ids begin so; a token's value is unknown."""
    if Token.is_unresolved(task) or not task.endswith("*"):
        return Token.is_unresolved(task) or task.startswith(prefix)
    return task[:-1].startswith(prefix) or prefix.startswith(task[:-1])
