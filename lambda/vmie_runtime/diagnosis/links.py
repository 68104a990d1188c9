"""Pages that a diagnosis points at: AWS's, and the project's own."""

from __future__ import annotations

PROJECT = ""
"""What stands before the path of a page of our own: nothing, as the project has no public address yet.

With one, such as `https://…/blob/main/`, every link of a result leads there; this is its one place.
"""
ERRORS_PAGE = "docs/errors.md"
FINDINGS_PAGE = "docs/findings.md"


def own_page(path: str, heading: str) -> str:
    """A heading of a page of the project, as GitHub makes an anchor of it."""
    return f"{PROJECT}{path}#{heading.lower()}"


def finding_page(code: str) -> str:
    """Where a finding of the inspection is explained."""
    return own_page(FINDINGS_PAGE, code)


_GUIDE = "https://docs.aws.amazon.com/vm-import/latest/userguide"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide"

TROUBLESHOOTING = f"{_GUIDE}/vmimport-troubleshooting.html"
IMPORT_IMAGE_ERRORS = f"{TROUBLESHOOTING}#import-image-errors"
IMPORT_INSTANCE_ERRORS = f"{TROUBLESHOOTING}#import-instance-errors"
EXPORT_ERRORS = f"{TROUBLESHOOTING}#instance-export-errors"
WINDOWS_ERRORS = f"{TROUBLESHOOTING}#windows-vm-errors"
LINUX_ERRORS = f"{TROUBLESHOOTING}#linux-vm-errors"

REQUIREMENTS = f"{_GUIDE}/prerequisites.html"
IMAGE_FORMATS = f"{REQUIREMENTS}#vmimport-image-formats"
OPERATING_SYSTEMS = f"{REQUIREMENTS}#vmimport-operating-systems"
BOOT_MODES = f"{REQUIREMENTS}#vmimport-boot-modes"
LIMITATIONS = f"{_GUIDE}/limitations-image-importing.html"
PERMISSIONS = f"{_GUIDE}/required-permissions.html"
SERVICE_ROLE = f"{PERMISSIONS}#vmimport-role"
CALLER_PERMISSIONS = f"{PERMISSIONS}#iam-permissions-image"
LICENSING = f"{_GUIDE}/licensing-specify-option.html"
IMPORT_IMAGE = f"{_GUIDE}/import-vm-image.html"
TASK_STATUS = f"{_GUIDE}/check-import-task-status.html"
CANCEL_IMPORT = f"{_GUIDE}/cancel-upload.html"
SNAPSHOT_IMPORT = f"{_GUIDE}/vmimport-import-snapshot.html"
INSTANCE_IMPORT = f"{_GUIDE}/vmimport-instance-import.html"
INSTANCE_EXPORT_PREREQUISITES = f"{_GUIDE}/vmexport-prerequisites.html"
INSTANCE_EXPORT_LIMITS = f"{_GUIDE}/vmexport-limits.html"
IMAGE_EXPORT_LIMITS = f"{_GUIDE}/limits-image-export.html"

EBS_CREATE_VOLUME = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-volume.html"
EBS_ATTACH_VOLUME = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-attaching-volume.html"
EBS_VOLUME_TYPES = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html"
EC2_ERRORS = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"
EC2_THROTTLING = "https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html"
EBS_ENCRYPTION = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html"
KMS_KEY_STATE = "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"
KMS_KEY_ID = "https://docs.aws.amazon.com/kms/latest/developerguide/find-cmk-id-arn.html"
S3_LOCATION = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html"
S3_RESTORE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html"
S3_SSE_C = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html"
S3_403 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html"
S3_KEYS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"
SERVICE_QUOTAS = "https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html"
STS_REGIONS = f"{_IAM}/id_credentials_temp_enable-regions.html"
PASS_ROLE = f"{_IAM}/id_roles_use_passrole.html"
TAG_RESTRICTIONS = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html"
TAG_POLICIES = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_tag-policies.html"
)
AWS_HEALTH = "https://health.aws.amazon.com/health/status"
AWS_CLI_FILES = "https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html"
