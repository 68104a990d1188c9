"""What the functions may do in EC2, each on the narrowest resource that the action takes."""

from __future__ import annotations

from .ec2_arns import Kind, ec2_arn
from .runtime_function import RuntimeFunction

WORKFLOW_TAG = "vmie:workflow"
_DESCRIBE = "EC2's Describe actions know no resources."
_MADE_BY_SERVICE = "The service chooses the ids of tasks, AMIs and snapshots; they are not known beforehand."
_MARKED = (
    "What a task has just made carries no tag that a condition could ask for; the condition asks that it be"
    " given the workflow's."
)
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


def allow_clean_up(function: RuntimeFunction, workflow: str) -> None:
    """Cancel the workflow's own tasks and delete its own images and snapshots, told by their tag.

    Args:
        function: Who cleans up.
        workflow: The value of the tag `vmie:workflow`.
    """
    function.allow(["ec2:DescribeImportImageTasks", "ec2:DescribeImages"], ["*"], wildcard_reason=_DESCRIBE)
    allow_tagging(function, workflow)
    own = {"StringEquals": {f"aws:ResourceTag/{WORKFLOW_TAG}": workflow}}
    for action, resource in (
        ("ec2:CancelImportTask", ec2_arn(function, "import-image-task")),
        ("ec2:DeregisterImage", ec2_arn(function, "image")),
        ("ec2:DeleteSnapshot", ec2_arn(function, "snapshot")),
    ):
        function.allow([action], [resource], conditions=own, wildcard_reason=_OWN_ONLY)


def allow_tagging(function: RuntimeFunction, workflow: str) -> None:
    """Mark images and snapshots as the workflow's own: EC2 hands a task's tags on to neither of them.

    Args:
        function: Who marks them.
        workflow: The value of the tag `vmie:workflow`; nothing can be tagged without it.
    """
    allow_marking(function, workflow, "image", "snapshot")


def allow_marking(function: RuntimeFunction, workflow: str, *kinds: Kind) -> None:
    """Allow to tag anything of these kinds, as long as the workflow's own tag is among the tags."""
    function.allow(
        ["ec2:CreateTags"],
        [ec2_arn(function, kind) for kind in kinds],
        conditions={"StringEquals": {f"aws:RequestTag/{WORKFLOW_TAG}": workflow}},
        wildcard_reason=_MARKED,
    )
