"""Requests that are refused as they are read: before anything is asked of AWS."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

_AGAIN = "then drop the file again"

MEANINGS = (
    Meaning(
        code="InvalidJson",
        category=Category.REQUEST,
        cause="The request file is not JSON that every reader reads alike.",
        remedy="Mend the place that the message names: a missing comma or quote, a key named twice, text "
        f"that is not UTF-8; `python -m json.tool FILE` finds most of it; {_AGAIN}.",
        documentation=links.AWS_CLI_FILES,
    ),
    Meaning(
        code="InvalidRequestFile",
        category=Category.REQUEST,
        cause="The file is JSON, and neither a request nor a fleet of requests.",
        remedy='A request is a JSON object, a fleet is `{"Requests": [ … ]}` with 1 to 10,000 of them, and a '
        f"file has at most 16 MiB. Correct what the message names, {_AGAIN}.",
    ),
    Meaning(
        code="FleetNeedsFile",
        category=Category.REQUEST,
        cause="A state machine was started with a fleet; an execution carries one request.",
        remedy="Drop the fleet as a file under `requests/` in the bucket, or start an execution for each "
        "entry.",
    ),
    Meaning(
        code="UnknownOperation",
        category=Category.REQUEST,
        cause="The keys of the request do not say which operation it is for.",
        remedy="Give the keys of one operation: `DiskContainers` (an image), `DiskContainer` (a snapshot), "
        "`DiskImages` (an instance), `Image` with `Volume`; in the export bucket `ImageId` with "
        "`DiskImageFormat`, or `InstanceId` with `ExportToS3Task`. `aws ec2 import-image "
        "--generate-cli-skeleton` prints such a file.",
        documentation=links.IMPORT_IMAGE,
    ),
    Meaning(
        code="UnknownParameter",
        category=Category.REQUEST,
        cause="The request has a key that its operation does not know, or has it in the wrong place.",
        remedy="Write the key as the message proposes; keys are case-sensitive. Options of the pipeline "
        f"stand under `Vmie`; {_AGAIN}.",
        documentation=links.IMPORT_IMAGE,
    ),
    Meaning(
        code="MissingParameter",
        category=Category.REQUEST,
        cause="The request lacks something that its operation needs.",
        remedy=f"Add the key that the message names, {_AGAIN}.",
        documentation=links.IMPORT_IMAGE,
    ),
    Meaning(
        code="InvalidParameterType",
        category=Category.REQUEST,
        cause="A value of the request is of another kind than its key takes.",
        remedy='Texts stand in quotes (`"10"`), numbers and `true` or `false` do not (`10`); lists in `[ ]`, '
        f"structures in `{{ }}`. Correct the value that the message names, {_AGAIN}.",
        documentation=links.AWS_CLI_FILES,
    ),
    Meaning(
        code="InvalidParameterValue",
        category=Category.REQUEST,
        cause="A value of the request is not one that its key takes.",
        remedy=f"Use a value that the message lists or describes, {_AGAIN}.",
        documentation=links.IMPORT_IMAGE,
    ),
    Meaning(
        code="InvalidParameterCombination",
        category=Category.REQUEST,
        cause="Two parts of the request contradict one another.",
        remedy=f"Leave out, or change, one of the two keys that the message names, {_AGAIN}.",
        documentation=links.IMPORT_IMAGE,
    ),
    Meaning(
        code="InvalidSourceUrl",
        category=Category.REQUEST,
        cause="The URL of a disk image is of a form that VM Import/Export does not read, or names no object.",
        remedy="Name the object as `s3://bucket/key`, or by `UserBucket`; where the service role may not "
        "read it, by a presigned https URL of S3 (`aws s3 presign`). The message leaves out a URL's query, "
        "which authorises.",
        documentation=links.IMPORT_IMAGE,
    ),
    Meaning(
        code="InvalidExportPrefix",
        category=Category.REQUEST,
        cause="The request asks for the export to be written outside the place of exports.",
        remedy="Begin `S3Prefix` with `exports/`, or leave it out.",
    ),
    Meaning(
        code="InvalidTag",
        category=Category.REQUEST,
        cause="A tag is not one that EC2 takes, or is kept for AWS or for the pipeline.",
        remedy="A key has 1 to 128 characters, a value at most 256, neither has control characters, no key "
        "begins with `aws:` or `vmie:`, and a request has at most 40. Where the stack has tags of its own, "
        "leave out as many as the message says.",
        documentation=links.TAG_RESTRICTIONS,
    ),
    Meaning(
        code="TooManyDisks",
        category=Category.REQUEST,
        cause="The request has more disks than one import takes.",
        remedy="Import the boot disk and up to 20 others as the image; import each further disk as a "
        "snapshot (`DiskContainer`) whose volume is attached to the instance (`Vmie.CreateVolume` and "
        "`Vmie.AttachVolume`).",
        documentation=links.LIMITATIONS,
    ),
    Meaning(
        code="LicenceOptionsConflict",
        category=Category.LICENCE,
        cause="`LicenseType` and `UsageOperation` both say how the image is licensed, and EC2 takes one of "
        "them.",
        remedy="Keep `UsageOperation` where SQL Server or a certain licence matters, else `LicenseType`, or "
        "neither: then Windows Server gets a licence of AWS, and Linux and Windows clients keep theirs.",
        documentation=links.LICENSING,
    ),
    Meaning(
        code="DirectImportUnavailable",
        category=Category.REQUEST,
        cause="The method `direct` is judged by inspections and is not offered by this version.",
        remedy="Use `Vmie.Method: snapshot`, which takes the same guests and leaves them alike unmodified.",
    ),
    Meaning(
        code="DistributionUnavailable",
        category=Category.REQUEST,
        cause="The request asks for copies, shares or a parameter (`Vmie.Distribution`); this version does "
        "not distribute images.",
        remedy="Leave `Vmie.Distribution` out; copy and share the image once it is there (`aws ec2 "
        "copy-image`, `modify-image-attribute`).",
    ),
)
