"""What a request names and the stack's owner did not allow."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

# Distribution is refused as such; whatever let one through would meet these.
_NOT_DISTRIBUTED = (
    "Leave `Vmie.Distribution` out: this version makes no copies, shares nothing and has no setting for it."
)


def _not_allowed(code: str, cause: str, remedy: str) -> Meaning:
    return Meaning(
        code=code,
        category=Category.REQUEST,
        cause=cause,
        found="It is named at `{path}`.",
        remedy=remedy,
    )


MEANINGS = (
    _not_allowed(
        "BucketNotAllowed",
        "The request names a bucket that the stack's owner did not allow to import from.",
        "Copy the image into the import bucket, which needs no permission; or let the owner add the bucket "
        "to `allowed_source_buckets`.",
    ),
    _not_allowed(
        "SourceNotAllowed",
        "The request names a source by a URL that leads to a bucket that the stack's owner did not allow to "
        "import from.",
        "Copy the image into the import bucket and name it by `UserBucket`; or let the owner add the bucket "
        "to `allowed_source_buckets`.",
    ),
    _not_allowed(
        "ExportBucketNotAllowed",
        "The request wants its export in another bucket than the one it was dropped in.",
        "Leave the bucket out; copy the file on from the export bucket once it is there.",
    ),
    _not_allowed(
        "SnapshotNotAllowed",
        "The request names a snapshot that the stack's owner did not allow to make images of.",
        "Let the owner add the snapshot's id to `allowed_snapshots`.",
    ),
    _not_allowed(
        "ImageNotAllowed",
        "The request names an AMI that the stack's owner did not allow to export.",
        "Let the owner add the AMI's id to `allowed_images`.",
    ),
    _not_allowed(
        "InstanceNotAllowed",
        "The request names an instance that the stack's owner did not allow to export, or to attach "
        "volumes to.",
        "Let the owner add the instance's id to `allowed_instances`; or leave `AttachVolume` out and attach "
        "the volume by hand.",
    ),
    _not_allowed(
        "KeyNotAllowed",
        "The request names a KMS key that the stack's owner did not allow to encrypt with.",
        "Leave `KmsKeyId` out, or let the owner add the key to `allowed_kms_keys`, which also grants the "
        "service role its use. A key that is allowed by its ARN must be named by its id or ARN, not by an "
        "alias.",
    ),
    _not_allowed(
        "RoleNotAllowed",
        "The request names another service role than the stack's, and the owner did not allow it.",
        "Leave `RoleName` out: the stack's own role goes along. Or let the owner add the role to "
        "`allowed_service_roles`.",
    ),
    _not_allowed(
        "LicenseConfigurationNotAllowed",
        "The request names a License Manager configuration that the stack's owner did not allow to attach.",
        "Let the owner add its ARN to `allowed_license_configurations`; it consumes licences of that "
        "configuration.",
    ),
    _not_allowed(
        "AvailabilityZoneNotAllowed",
        "The request wants a volume or an instance in an Availability Zone that the stack's owner did not "
        "allow.",
        "Let the owner add the zone to `allowed_availability_zones`, as the request names it: by name or by "
        "id.",
    ),
    _not_allowed(
        "SubnetNotAllowed",
        "The request wants an instance in a subnet that the stack's owner did not allow, or names "
        "none, and the owner listed some.",
        "Name a subnet of the list, or import an image and launch it where you may; or let the owner add "
        "the subnet to `allowed_subnets`. Where that is empty, `SubnetId` may be left out.",
    ),
    _not_allowed(
        "SecurityGroupNotAllowed",
        "The request wants an instance in a security group that the stack's owner did not allow, "
        "or names none, and the owner listed some.",
        "Name a group of the list, or import an image and launch it where you may; or let the owner add "
        "the group to `allowed_security_groups`, as the request names it: by id or by name. Where that is "
        "empty, the groups may be left out.",
    ),
    _not_allowed(
        "PlacementNotAllowed",
        "The request chooses a dedicated tenancy, a Dedicated Host, a placement group or an Outpost, which "
        "requests cannot.",
        "Leave it out; import an image and launch that where it belongs.",
    ),
    _not_allowed(
        "RegionNotAllowed",
        "The request wants its image in a Region that the stack's owner did not allow.",
        _NOT_DISTRIBUTED,
    ),
    _not_allowed(
        "AccountNotAllowed",
        "The request wants its image shared with an account that the stack's owner did not allow.",
        _NOT_DISTRIBUTED,
    ),
    _not_allowed(
        "OrganizationNotAllowed",
        "The request wants its image shared with an organisation, or a unit of one, that the stack's owner "
        "did not allow.",
        _NOT_DISTRIBUTED,
    ),
    _not_allowed(
        "ParameterNotAllowed",
        "The request wants its image published under an SSM parameter that the stack's owner did not allow.",
        _NOT_DISTRIBUTED,
    ),
    _not_allowed(
        "ImportTaskNotAllowed",
        "The request wants to adopt an import task that the stack's owner did not allow.",
        "Let the owner add the task's id to `allowed_import_tasks`; a task that this stack started is found "
        "again by itself.",
    ),
    Meaning(
        code="EncryptionRequired",
        category=Category.REQUEST,
        cause="The stack's owner wants every import encrypted, and the request would not be.",
        found="It is decided at `{path}`.",
        remedy="Say `Encrypted: true`, with the owner's key or another that is allowed as `KmsKeyId`; use "
        "ImportImage or ImportSnapshot, as ImportInstance and ImportVolume cannot encrypt.",
        documentation=links.EBS_ENCRYPTION,
    ),
)
