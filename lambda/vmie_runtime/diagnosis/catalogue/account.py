"""What the checks before a task's start find wrong: keys, STS, licences, Regions."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

KEYS = (
    Meaning(
        code="KeyNotFound",
        category=Category.KEY,
        cause="There is no KMS key of this id, ARN or alias in the account and Region of the import.",
        found="It was named {key}.",
        remedy="`aws kms describe-key --key-id …` in the Region of the import must find it. An alias "
        "belongs to one account and Region; a key of another account is named by its ARN.",
        documentation=links.KMS_KEY_ID,
    ),
    Meaning(
        code="KeyInOtherRegion",
        category=Category.KEY,
        cause="The KMS key is in another Region than the import; EBS encrypts with keys of its own Region.",
        found="It was named {key}.",
        remedy="Name a key of the import's Region. A multi-Region key is named by its replica's ARN there.",
        documentation=links.KMS_KEY_ID,
    ),
    Meaning(
        code="KeyInOtherAccount",
        category=Category.KEY,
        cause="The KMS key belongs to another account, and the stack's owner did not allow it.",
        found="It is {key}.",
        remedy="Name a key of this account; or let the owner add the key's ARN to `allowed_kms_keys`, and "
        "the other account let this one use it in the key's policy.",
        documentation=links.KMS_KEY_STATE,
    ),
    Meaning(
        code="KeyNotEnabled",
        category=Category.KEY,
        cause="The KMS key cannot be used in its present state. It has to stay enabled until the import "
        "ends.",
        found="The key {key} is in the state {state}.",
        remedy="Enable the key (`aws kms enable-key`, after `cancel-key-deletion` where it is to be "
        "deleted), or name another; then drop the request again.",
        documentation=links.KMS_KEY_STATE,
    ),
    Meaning(
        code="KeyUnsuitable",
        category=Category.KEY,
        cause="EBS cannot encrypt with this KMS key: it is asymmetric, for signing or for authentication "
        "codes, or AWS's own for another service.",
        found="It is {key}.",
        remedy="Name a symmetric encryption key (`SYMMETRIC_DEFAULT`, `ENCRYPT_DECRYPT`) of yours, or leave "
        "`KmsKeyId` out for the account's default EBS key.",
        documentation=links.EBS_ENCRYPTION,
    ),
)

REGIONS = (
    Meaning(
        code="StsInactive",
        category=Category.ROLE,
        aws_codes=("RegionDisabledException", "RegionDisabled"),
        cause="AWS STS is not active in this Region for the account, so VM Import/Export cannot take on the "
        "service role.",
        found="The Region is {region}.",
        remedy="Activate it: IAM console, Account settings, Security Token Service (STS), Endpoints. A "
        "Region that must be opted in to has to be enabled first (`aws account enable-region --region-name "
        "…`).",
        documentation=links.STS_REGIONS,
    ),
    Meaning(
        code="ThirtyTwoBitEnded",
        category=Category.IMAGE,
        cause="The guest is 32-bit, and VM Import/Export takes none any more.",
        remedy="Migrate to a 64-bit system. Data goes in as a snapshot: drop the disk under `snapshots/`.",
        documentation=links.OPERATING_SYSTEMS,
    ),
    Meaning(
        code="ConversionNotInRegion",
        category=Category.REQUEST,
        cause="ImportInstance and ImportVolume exist in a few, older Regions only.",
        found="The Region is {region}.",
        remedy="Use ImportImage (`DiskContainers`) for a VM and ImportSnapshot (`DiskContainer`) for a disk, "
        "which exist in every Region and do more.",
        documentation=links.INSTANCE_IMPORT,
    ),
    Meaning(
        code="PlatformMismatch",
        category=Category.REQUEST,
        cause="The request's `Platform` is not that of the guest on the disk.",
        found="The guest is {platform}.",
        remedy="Name the guest's own platform; ImportImage finds it by itself where `Platform` is left out.",
        documentation=links.INSTANCE_IMPORT,
    ),
)

LICENCES = (
    Meaning(
        code="LicenceTypeMismatch",
        category=Category.LICENCE,
        cause="`LicenseType: AWS` is for Windows Server; Linux and Windows clients are imported with "
        "licences of your own only.",
        found="The guest is {guest}.",
        remedy="Say `LicenseType: BYOL`, or leave it out.",
        documentation=links.LICENSING,
    ),
    Meaning(
        code="UsageOperationMismatch",
        category=Category.LICENCE,
        cause="`UsageOperation` is one of another operating system than the guest's.",
        found="The guest is {guest}.",
        remedy="Windows Server: `RunInstances:0002` (with AWS's licence; `:0006`, `:0102`, `:0202` with SQL "
        "Server Standard, Enterprise, Web too) or `:0800` (your own). Linux: `RunInstances` (`:0004`, "
        "`:0100`, `:0200` with SQL Server Standard, Enterprise, Web). Windows clients: `LicenseType: BYOL` "
        "instead.",
        documentation=links.LICENSING,
    ),
)

MEANINGS = KEYS + REGIONS + LICENCES
