"""What functions may do in EC2 to import snapshots and make images and volumes of them.

Each on the narrowest resource that the action takes: what exists already must carry the workflow's tag, what
is made must be given it. Source: Service Authorization Reference, "Actions defined by Amazon EC2".
"""

from __future__ import annotations

from collections.abc import Sequence

from .ec2_arns import Kind, ec2_arn
from .ec2_permissions import WORKFLOW_TAG
from .runtime_function import RuntimeFunction

DESCRIBE = "EC2's Describe actions know no resources."
MADE_BY_SERVICE = "EC2 chooses the ids of what it makes; they are not known beforehand."
OWN_ONLY = "A condition narrows it to what carries the workflow's tag."
OWNERS_CHOICE = "The stack's owner allows all whose ids begin so."


def allow_start_snapshot(function: RuntimeFunction) -> None:
    """Start ImportSnapshot tasks and tag them as they are made."""
    task = ec2_arn(function, "import-snapshot-task")
    function.allow(
        ["ec2:ImportSnapshot"], [task, ec2_arn(function, "snapshot")], wildcard_reason=MADE_BY_SERVICE
    )
    allow_tagging_new(function, "ImportSnapshot", "import-snapshot-task")


def allow_poll_snapshot(function: RuntimeFunction) -> None:
    """See ImportSnapshot tasks."""
    function.allow(["ec2:DescribeImportSnapshotTasks"], ["*"], wildcard_reason=DESCRIBE)


def allow_import_of_snapshots(function: RuntimeFunction, snapshots: Sequence[str]) -> None:
    """Start ImportImage tasks whose disks are these snapshots, beside what other imports take.

    Args:
        function: Who starts them.
        snapshots: Ids, each of which may end in `*`. None allows nothing.
    """
    if snapshots:
        function.allow(
            ["ec2:ImportImage"],
            [ec2_arn(function, "snapshot", snapshot) for snapshot in snapshots],
            wildcard_reason=OWNERS_CHOICE,
        )


def allow_register_image(function: RuntimeFunction, workflow: str) -> None:
    """Register images of the workflow's own snapshots, tagged as they are made.

    RegisterImage takes no token: images are described first, so that a repeated step finds the one it made.

    Args:
        function: Who registers them.
        workflow: The value of the tag `vmie:workflow`, which snapshots must have and images must be given.
    """
    function.allow(["ec2:DescribeImages"], ["*"], wildcard_reason=DESCRIBE)
    allow_on_own(function, "ec2:RegisterImage", "snapshot", workflow)
    allow_making(function, "ec2:RegisterImage", workflow, "image")
    allow_tagging_new(function, "RegisterImage", "image")


def allow_copy_image(function: RuntimeFunction, workflow: str) -> None:
    """Copy the workflow's own images within the Region, to a name of their own; tag copies as they are made.

    Args:
        function: Who copies them.
        workflow: The value of the tag `vmie:workflow`: sources with their snapshots have it, copies get it.
    """
    function.allow(["ec2:DescribeImages"], ["*"], wildcard_reason=DESCRIBE)
    for kind in ("image", "snapshot"):
        allow_on_own(function, "ec2:CopyImage", kind, workflow)
        allow_making(function, "ec2:CopyImage", workflow, kind)
    allow_tagging_new(function, "CopyImage", "image", "snapshot")


def allow_create_volume(function: RuntimeFunction, workflow: str, snapshots: Sequence[str] = ()) -> None:
    """Make volumes of the workflow's own snapshots, and of those that the owner allows.

    Args:
        function: Who makes them.
        workflow: The value of the tag `vmie:workflow`: snapshots of the workflow have it, volumes get it.
        snapshots: Ids of further snapshots, each of which may end in `*`. Default: none.
    """
    function.allow(["ec2:DescribeVolumes"], ["*"], wildcard_reason=DESCRIBE)
    allow_on_own(function, "ec2:CreateVolume", "snapshot", workflow)
    if snapshots:
        function.allow(
            ["ec2:CreateVolume"],
            [ec2_arn(function, "snapshot", snapshot) for snapshot in snapshots],
            wildcard_reason=OWNERS_CHOICE,
        )
    allow_making(function, "ec2:CreateVolume", workflow, "volume")
    allow_tagging_new(function, "CreateVolume", "volume")


def allow_attach_volume(function: RuntimeFunction, workflow: str, instances: Sequence[str]) -> None:
    """Attach the workflow's own volumes to exactly these instances.

    Args:
        function: Who attaches them.
        workflow: The value of the tag `vmie:workflow`, which the volumes carry.
        instances: Ids, each of which may end in `*`. None allows nothing.
    """
    _allow_on_attachments(function, "ec2:AttachVolume", workflow, instances)


def allow_clean_up_snapshots(function: RuntimeFunction, workflow: str) -> None:
    """Cancel the workflow's own tasks and delete the images and snapshots that they made, told by their tag.

    Args:
        function: Who cleans up.
        workflow: The value of the tag `vmie:workflow`.
    """
    function.allow(["ec2:DescribeImages", "ec2:DescribeImportSnapshotTasks"], ["*"], wildcard_reason=DESCRIBE)
    allow_on_own(function, "ec2:CancelImportTask", "import-snapshot-task", workflow)
    allow_on_own(function, "ec2:DeregisterImage", "image", workflow)
    allow_on_own(function, "ec2:DeleteSnapshot", "snapshot", workflow)


def allow_clean_up_volumes(function: RuntimeFunction, workflow: str, instances: Sequence[str] = ()) -> None:
    """Detach and delete the workflow's own volumes, told by their tag.

    Args:
        function: Who cleans up.
        workflow: The value of the tag `vmie:workflow`.
        instances: Ids of instances that volumes may have been attached to. Default: none.
    """
    function.allow(["ec2:DescribeVolumes"], ["*"], wildcard_reason=DESCRIBE)
    allow_on_own(function, "ec2:DeleteVolume", "volume", workflow)
    _allow_on_attachments(function, "ec2:DetachVolume", workflow, instances)


def allow_check_default_encryption(function: RuntimeFunction) -> None:
    """See whether, and with which key, the account encrypts EBS volumes and snapshots by default."""
    function.allow(
        ["ec2:GetEbsDefaultKmsKeyId", "ec2:GetEbsEncryptionByDefault"],
        ["*"],
        wildcard_reason="They read a setting of the account in the Region, which has no ARN.",
    )


def allow_on_own(function: RuntimeFunction, action: str, kind: Kind, workflow: str) -> None:
    """Allow an action on what carries the workflow's tag already."""
    function.allow(
        [action],
        [ec2_arn(function, kind)],
        conditions={"StringEquals": {f"aws:ResourceTag/{WORKFLOW_TAG}": workflow}},
        wildcard_reason=OWN_ONLY,
    )


def allow_making(function: RuntimeFunction, action: str, workflow: str, *kinds: Kind) -> None:
    """Allow an action to make what is given the workflow's tag as it is made."""
    function.allow(
        [action],
        [ec2_arn(function, kind) for kind in kinds],
        conditions={"StringEquals": {f"aws:RequestTag/{WORKFLOW_TAG}": workflow}},
        wildcard_reason=MADE_BY_SERVICE,
    )


def allow_tagging_new(function: RuntimeFunction, operation: str, *kinds: Kind) -> None:
    """Allow an operation to tag what it makes; what exists cannot be tagged by this."""
    function.allow(
        ["ec2:CreateTags"],
        [ec2_arn(function, kind) for kind in kinds],
        conditions={"StringEquals": {"ec2:CreateAction": operation}},
        wildcard_reason=MADE_BY_SERVICE,
    )


def _allow_on_attachments(
    function: RuntimeFunction, action: str, workflow: str, instances: Sequence[str]
) -> None:
    if instances:
        function.allow(
            [action],
            [ec2_arn(function, "instance", instance) for instance in instances],
            wildcard_reason=OWNERS_CHOICE,
        )
        allow_on_own(function, action, "volume", workflow)
