"""What somebody may not do, or may not read: callers, keys, buckets."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

CALLER = (
    Meaning(
        code="PassRoleDenied",
        category=Category.PERMISSION,
        texts=(
            "User: arn:aws:sts::111122223333:assumed-role/start is not authorized to perform: iam:PassRole "
            "on resource: arn:aws:iam::111122223333:role/vmimport",
        ),
        pattern=r"perform: iam:PassRole(?: on resource: (?P<role>\S+))?",
        cause="Who started the task may not hand the service role to EC2.",
        found="The role is {role}.",
        remedy="Grant the starting function, or the user, `iam:PassRole` on that role, without a condition "
        "on `iam:PassedToService`: AWS documents no value for it here.",
        documentation=links.PASS_ROLE,
    ),
    Meaning(
        code="UnauthorizedOperation",
        category=Category.PERMISSION,
        aws_codes=("UnauthorizedOperation", "AccessDenied", "AccessDeniedException"),
        cause="The caller may not make this call: no policy allows it, or a policy of the organisation, a "
        "permissions boundary or a session policy denies it.",
        found="The call was {operation}.",
        remedy="Grant the caller the action. Where the message carries an encoded part, `aws sts "
        "decode-authorization-message --encoded-message …` names the action, the resource and the policy.",
        documentation=links.CALLER_PERMISSIONS,
    ),
    Meaning(
        code="CredentialsRejected",
        category=Category.PERMISSION,
        aws_codes=(
            "AuthFailure",
            "SignatureDoesNotMatch",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
        ),
        cause="EC2 did not accept the caller's credentials for this, or does not let this account do it.",
        found="The call was {operation}.",
        remedy="Check with `aws sts get-caller-identity` who calls, that the Region is enabled for the "
        "account, and that the resource named in the request is yours.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="CredentialsExpired",
        category=Category.TRANSIENT,
        aws_codes=("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        cause="The caller's temporary credentials, or the signed request, had expired when EC2 looked at "
        "them.",
        remedy="Try again: new credentials are fetched. On a machine of your own, set its clock.",
        documentation=links.EC2_ERRORS,
        retryable=True,
    ),
    Meaning(
        code="AccountNotReady",
        category=Category.PERMISSION,
        aws_codes=("OptInRequired", "PendingVerification", "Blocked"),
        cause="The account may not use EC2 in this Region: it is new and being verified, blocked, or the "
        "Region is not enabled.",
        remedy="Enable the Region in the account's settings, finish the account's verification, or ask AWS "
        "Support.",
        documentation=links.EC2_ERRORS,
    ),
    Meaning(
        code="OperationDisabled",
        category=Category.REQUEST,
        texts=("This request has been administratively disabled.",),
        pattern=r"administratively disabled",
        cause="AWS does not offer this operation in this Region.",
        found="The call was {operation}.",
        remedy="Import in another Region and copy the image there (`aws ec2 copy-image`), or ask AWS "
        "Support.",
        documentation=links.EC2_ERRORS,
    ),
)

KEYS = (
    Meaning(
        code="KeyNotAccessible",
        category=Category.KEY,
        texts=(
            "The specified KMS key is not accessible. If this is a default EBS CMK, please retry your "
            "request without specifying the key explicitly",
        ),
        pattern=r"KMS key is not accessible",
        aws_codes=("InvalidKmsKey.InvalidState",),
        cause="The KMS key that the result is to be encrypted with cannot be used: it is in another "
        "Region, disabled or pending deletion, its policy does not let the caller or the service role in, "
        "or it is the account's default EBS key, which must not be named.",
        remedy="`aws kms describe-key --key-id …` in the Region of the import must say Enabled; its key "
        "policy must allow the account, or the caller and the service role, to use it and to create "
        "grants. For `aws/ebs` leave `KmsKeyId` out and keep `Encrypted`.",
        documentation=links.EBS_ENCRYPTION,
    ),
    Meaning(
        code="KeyRevoked",
        category=Category.KEY,
        aws_codes=("CustomerKeyHasBeenRevoked",),
        cause="The KMS key was disabled, deleted, or taken away from the service while it was needed.",
        remedy="Enable the key again (`aws kms enable-key`, or `cancel-key-deletion` first), and keep it "
        "enabled for as long as the task runs; then start anew.",
        documentation=links.KMS_KEY_STATE,
    ),
)

STORAGE = (
    Meaning(
        code="SourceForbidden",
        category=Category.STORAGE,
        texts=(
            "ClientError: Disk validation failed [We do not have access to the given resource. Reason 403 "
            "Forbidden]",
        ),
        pattern=r"We do not have access to the given resource|Reason 403 Forbidden",
        cause="VM Import/Export was refused by S3 when it read the image, or wrote an export: the service "
        "role lacks `s3:GetObject` (for an export `s3:PutObject`) or `kms:Decrypt` on the object's key, a "
        "bucket policy denies it, the object is archived, or the object was gone.",
        remedy="Grant the service role the object and its KMS key (in the key's policy too), see that no "
        "Deny statement of the bucket's policy applies to it (conditions on VPC endpoints, source "
        "addresses or the organisation do), and that the object still exists.",
        documentation=links.S3_403,
    ),
    Meaning(
        code="BucketInOtherRegion",
        category=Category.STORAGE,
        texts=(
            "The given S3 object is not local to the region",
            "The given S3 object is not local to the region.",
            "The given S3 bucket is not local to the Region",
            "The given S3 bucket (my-images) is not local to the region.",
            "ERROR: Bucket my-images is not in the eu-west-1 Region, it's in us-east-1",
        ),
        pattern=r"S3 (?:object|bucket)(?: \((?P<bucket>[^)]*)\))? is not local to the region"
        r"|Bucket (?P<named>\S+) is not in the (?P<wanted>\S+) Region",
        cause="The bucket is in another Region than the task; VM Import/Export reads and writes in its own "
        "Region only.",
        remedy="Use a bucket of the Region in which the task runs (`aws s3 cp` copies the image across), "
        "or start the task in the bucket's Region and copy the image afterwards.",
        documentation=links.S3_LOCATION,
    ),
    Meaning(
        code="InvalidSourceLocation",
        category=Category.STORAGE,
        texts=("Invalid S3 source location",),
        pattern=r"Invalid S3 source location",
        aws_codes=("InaccessibleStorageLocation",),
        cause="There is no readable object at the bucket and key that the request names.",
        remedy="`aws s3api head-object --bucket … --key …` with the same names must succeed. Keys are "
        "case-sensitive; a presigned URL must still be valid.",
        documentation=links.IMPORT_INSTANCE_ERRORS,
    ),
    Meaning(
        code="ExportBucketGrant",
        category=Category.STORAGE,
        texts=("vm-import-export@amazon.com must have WRITE and READ_ACL permission on the S3 bucket.",),
        pattern=r"must have WRITE and READ_ACL permission",
        cause="The bucket does not let the Region's export service write: its ACL lacks the grant to the "
        "service's canonical user, or ACLs are switched off (BucketOwnerEnforced).",
        remedy="Set the bucket's object ownership to BucketOwnerPreferred and grant READ_ACP and WRITE to "
        "the canonical user that the user guide lists for the Region; `ExportBucket` does both.",
        documentation=links.INSTANCE_EXPORT_PREREQUISITES,
    ),
)

MEANINGS = CALLER + KEYS + STORAGE

# Asked only when no other row knows the text.
FALLBACKS = (
    Meaning(
        code="KeyRejected",
        category=Category.KEY,
        texts=("ClientError: <something about a KMS key>",),
        pattern=r"\bKMS\b",
        cause="The message speaks of a KMS key; this catalogue does not know its text.",
        remedy="Check that the keys of the source object and of the result are enabled, in this Region, "
        "and open to the service role in their key policies.",
        documentation=links.EBS_ENCRYPTION,
    ),
)
