"""Whether the Region's export service may write to a bucket: by its ACL, or by its policy.

Source: VM Import/Export User Guide, "Exporting an instance as a VM", prerequisites.
"""

from __future__ import annotations

from collections.abc import Sequence

from vmie_local.iam_policy import Outcome, PolicyError, evaluate_resource_policy
from vmie_local.vm_import.exports.ports import BucketControls

NO_ACLS = "BucketOwnerEnforced"
"""The object ownership that disables ACLs; the service hands its files over by one."""
_CONTEXT = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}


def may_write(bucket_arn: str, controls: BucketControls, grantee: str, keys: Sequence[str]) -> bool:
    """Whether a canonical user may read a bucket's ACL and write these objects.

    Args:
        bucket_arn: The bucket.
        controls: Its ACL, policy and ownership.
        grantee: The canonical user id.
        keys: The objects' keys.
    """
    if controls.ownership == NO_ACLS:
        return False
    granted = {permission for holder, permission in controls.grants if holder == grantee}
    needed = [("READ_ACP", "s3:GetBucketAcl", bucket_arn)]
    needed += [("WRITE", "s3:PutObject", f"{bucket_arn}/{key}") for key in keys]
    return all(
        _allowed(
            controls.policy, grantee, action, resource, by_acl=bool(granted & {permission, "FULL_CONTROL"})
        )
        for permission, action, resource in needed
    )


def _allowed(policy: str | None, grantee: str, action: str, resource: str, *, by_acl: bool) -> bool:
    if not policy:
        return by_acl
    try:
        outcome = evaluate_resource_policy(policy, grantee, action, resource, _CONTEXT).outcome
    except PolicyError:
        return by_acl  # S3 would not have stored it
    return outcome is Outcome.ALLOWED or (by_acl and outcome is not Outcome.EXPLICIT_DENY)
