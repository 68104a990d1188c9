"""Requests that EC2 does not accept."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

MEANINGS = (
    Meaning(
        code="UnknownTask",
        category=Category.REQUEST,
        aws_codes=(
            "InvalidConversionTaskId",
            "InvalidConversionTaskId.Malformed",
            "InvalidConversionTaskId.NotFound",
            "InvalidExportTaskID.NotFound",
            "InvalidExportTaskID.Malformed",
        ),
        cause="EC2 does not know this task id. It calls an id malformed also where it has forgotten the "
        "task: it keeps import tasks for seven days.",
        remedy="Look for the task in the Region and account it was started in. If it is older than seven "
        "days, look for its result instead: the AMI has the import task id as its name.",
        documentation=links.TASK_STATUS,
    ),
    Meaning(
        code="TaskNotCancellable",
        category=Category.REQUEST,
        aws_codes=("DeleteConversionTaskError",),
        texts=("The conversion task cannot be canceled.",),
        pattern=r"task cannot be cancell?ed",
        cause="The task has ended, or is in the last step of transferring its disk, and can no longer be "
        "cancelled.",
        remedy="Wait for it to end; delete the image, instance or object it makes if that is not wanted.",
        documentation=links.CANCEL_IMPORT,
    ),
    Meaning(
        code="InvalidFormat",
        category=Category.REQUEST,
        aws_codes=("InvalidFormat",),
        cause="The request names a disk format that this operation does not take.",
        remedy="ImportImage takes OVA, VMDK, VHD, VHDX and RAW; ImportSnapshot VMDK, VHD, VHDX and RAW; "
        "ExportImage gives VMDK, RAW and VHD; CreateInstanceExportTask VMDK and VHD, in an OVA or alone.",
        documentation=links.IMAGE_FORMATS,
    ),
    Meaning(
        code="ClientTokenReused",
        category=Category.REQUEST,
        aws_codes=("IdempotentParameterMismatch",),
        cause="A task was already started under the same client token, with other parameters.",
        remedy="Drop the request again, which uses a new token. Report it if the pipeline did this by "
        "itself.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="ImageNotFound",
        category=Category.REQUEST,
        aws_codes=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed"),
        cause="There is no such image in this Region, or this account may not use it.",
        remedy="`aws ec2 describe-images --image-ids …` in the Region of the request must list it; an "
        "image shared by another account must be copied before it is exported.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="SnapshotNotFound",
        category=Category.REQUEST,
        aws_codes=("InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed"),
        cause="There is no such snapshot in this Region, or this account may not use it.",
        remedy="`aws ec2 describe-snapshots --snapshot-ids …` in the Region of the request must list it.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="InstanceNotFound",
        category=Category.REQUEST,
        aws_codes=("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"),
        cause="There is no such instance in this Region and account.",
        remedy="`aws ec2 describe-instances --instance-ids …` in the Region of the request must list it.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="InstanceNotReady",
        category=Category.REQUEST,
        texts=(
            "Error starting instances: Invalid value i-0123456789abcdef0 for instanceId. Instance does not "
            "have a volume attached at root (/dev/sda1).",
        ),
        pattern=r"Instance does not have a volume attached at root",
        cause="The instance was started before its conversion task had finished.",
        found="The call was {operation}.",
        remedy="Wait until DescribeConversionTasks says completed, then start the instance.",
        documentation=links.EXPORT_ERRORS,
    ),
    Meaning(
        code="ImageNameTaken",
        category=Category.REQUEST,
        aws_codes=("InvalidAMIName.Duplicate",),
        cause="The account has an image of this name in the Region already.",
        remedy="Ask for another name (`Vmie.Name`), or deregister the old image.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="ResourceInUse",
        category=Category.REQUEST,
        aws_codes=(
            "InvalidSnapshot.InUse",
            "VolumeInUse",
            "IncorrectState",
            "IncorrectInstanceState",
        ),
        cause="The image, snapshot, volume or instance is in a state in which this cannot be done: still "
        "being made, or in use.",
        found="The call was {operation}.",
        remedy="Wait until it is available, or free it, and try again.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="TagPolicyViolation",
        category=Category.REQUEST,
        aws_codes=("TagPolicyViolation",),
        cause="A tag policy of the organisation does not allow one of the tags that the task or the image "
        "gets.",
        remedy="Give tags whose keys and values the policy allows (the request's `Vmie.Tags`, the stack's "
        "defaults).",
        documentation=links.TAG_POLICIES,
    ),
    Meaning(
        code="DryRunSucceeded",
        category=Category.REQUEST,
        texts=("Request would have succeeded, but DryRun flag is set.",),
        pattern=r"Request would have succeeded, but DryRun flag is set",
        aws_codes=("DryRunOperation",),
        cause="No error: the request asked for a dry run and the caller has the permissions. A dry run "
        "does not prove the service role: the real call may still be refused for it.",
        remedy="Leave out `DryRun` to start the task.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="InvalidRequest",
        category=Category.REQUEST,
        aws_codes=(
            "InvalidParameter",
            "InvalidParameterValue",
            "InvalidParameterCombination",
            "InvalidParameterDependency",
            "MissingParameter",
            "UnknownParameter",
            "InvalidPaginationToken",
            "InvalidRequest",
            "InvalidInput",
            "MalformedQueryString",
            "ValidationError",
            "InvalidAction",
            "Unsupported",
            "UnsupportedOperation",
        ),
        cause="EC2 did not accept the request; its message says what it objects to.",
        found="The call was {operation}, EC2's code is {code}.",
        remedy="Correct the parameter that the message names and drop the request again; the operation's "
        "page in the EC2 API reference says what it takes.",
        try_next="So does `aws ec2 {command} help`.",
        documentation=links.EC2_ERRORS,
    ),
)

# Asked only when no other row knows the text.
FALLBACKS = (
    Meaning(
        code="LicenceRejected",
        category=Category.LICENCE,
        texts=("ClientError: <something about a license>",),
        pattern=r"\blicen[cs](?:e|es|ing)\b",
        cause="The message speaks of licensing; AWS publishes no text for it. A licence type that does not "
        "fit the operating system makes a task fail.",
        remedy="Linux and Windows clients: `LicenseType: BYOL`, or leave it out. Windows Server: `AWS`, or "
        "`BYOL` with licences of your own on Dedicated Hosts. Give `LicenseType` or `UsageOperation`, not "
        "both.",
        documentation=links.LICENSING,
    ),
    Meaning(
        code="BootModeRejected",
        category=Category.REQUEST,
        texts=("ClientError: <something about a boot mode>",),
        pattern=r"\bboot ?mode\b|\buefi-preferred\b",
        cause="The message speaks of the boot mode; AWS publishes no text for it.",
        remedy="`BootMode` is `legacy-bios` or `uefi` on import (`uefi-preferred` is not accepted); for a "
        "UEFI guest given as a snapshot, name the `Platform` too.",
        documentation=links.BOOT_MODES,
    ),
)
