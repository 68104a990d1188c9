"""What the functions may do in EC2, each on the narrowest resource that the action takes."""

from __future__ import annotations

from .ec2_arns import ec2_arn
from .runtime_function import RuntimeFunction

WORKFLOW_TAG = "vmie:workflow"
_DESCRIBE = "EC2's Describe actions know no resources."
_MADE_BY_SERVICE = "The service chooses the ids of tasks, AMIs and snapshots; they are not known beforehand."
_OWN_ONLY = "A condition narrows it to what carries the workflow's tag."


def allow_start_import(function: RuntimeFunction) -> None:
    """Start ImportImage tasks and tag them as they are made."""
    task = ec2_arn(function, "import-image-task")
    function.allow(
        ["ec2:ImportImage"],
        [task, ec2_arn(function, "image")],
        wildcard_reason=_MADE_BY_SERVICE,
    )
    function.allow(
        ["ec2:CreateTags"],
        [task],
        conditions={"StringEquals": {"ec2:CreateAction": "ImportImage"}},
        wildcard_reason=_MADE_BY_SERVICE,
    )


def allow_poll_import(function: RuntimeFunction) -> None:
    """See ImportImage tasks; `Describe` actions know no resources."""
    function.allow(["ec2:DescribeImportImageTasks"], ["*"], wildcard_reason=_DESCRIBE)


def allow_finish_import(function: RuntimeFunction) -> None:
    """Tag what a task made: EC2 hands its tags on to neither the AMI nor the snapshots."""
    allow_tagging(function)


def allow_clean_up(function: RuntimeFunction, workflow: str) -> None:
    """Cancel the workflow's own tasks and delete its own images and snapshots, told by their tag.

    Args:
        function: Who cleans up.
        workflow: The value of the tag `vmie:workflow`.
    """
    function.allow(["ec2:DescribeImportImageTasks", "ec2:DescribeImages"], ["*"], wildcard_reason=_DESCRIBE)
    allow_tagging(function)
    own = {"StringEquals": {f"aws:ResourceTag/{WORKFLOW_TAG}": workflow}}
    for action, resource in (
        ("ec2:CancelImportTask", ec2_arn(function, "import-image-task")),
        ("ec2:DeregisterImage", ec2_arn(function, "image")),
        ("ec2:DeleteSnapshot", ec2_arn(function, "snapshot")),
    ):
        function.allow([action], [resource], conditions=own, wildcard_reason=_OWN_ONLY)


def allow_tagging(function: RuntimeFunction) -> None:
    """Tag images and snapshots: those that a task made carry nothing yet that a condition could ask for."""
    function.allow(
        ["ec2:CreateTags"],
        [ec2_arn(function, "image"), ec2_arn(function, "snapshot")],
        wildcard_reason=_MADE_BY_SERVICE,
    )
