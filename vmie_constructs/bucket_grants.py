"""Exact grants on a bucket, where the CDK's own would emit `s3:GetObject*`, `s3:List*` and more."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from .acknowledgements import explain_wildcards


def grant_bucket(bucket: s3.IBucket, role: iam.IRole, *actions: str) -> iam.Grant:
    """Grant actions on the bucket itself."""
    return _grant(bucket, role, actions, [bucket.bucket_arn])


def grant_read_objects(bucket: s3.IBucket, role: iam.IRole, *prefixes: str) -> iam.Grant:
    """Grant reading objects, as they are now, below the prefixes; none means every object."""
    return _grant(bucket, role, ("s3:GetObject",), _objects(bucket, prefixes), key_actions=("kms:Decrypt",))


def grant_missing_told(bucket: s3.IBucket, role: iam.IRole) -> iam.Grant:
    """Grant to be told that an object is missing: without `s3:ListBucket` S3 answers 403 instead of 404."""
    return grant_bucket(bucket, role, "s3:ListBucket")


def grant_write_objects(bucket: s3.IBucket, role: iam.IRole, *prefixes: str) -> iam.Grant:
    """Grant writing objects below the prefixes, in parts too: S3 asks `kms:Decrypt` for those."""
    return _grant(
        bucket,
        role,
        ("s3:PutObject",),
        _objects(bucket, prefixes),
        key_actions=("kms:GenerateDataKey", "kms:Decrypt"),
    )


def grant_objects(bucket: s3.IBucket, role: iam.IRole, actions: Sequence[str], *prefixes: str) -> iam.Grant:
    """Grant actions that touch no content, such as tagging, below the prefixes."""
    return _grant(bucket, role, actions, _objects(bucket, prefixes))


def _objects(bucket: s3.IBucket, prefixes: Sequence[str]) -> list[str]:
    return [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes or ("",)]


def _grant(
    bucket: s3.IBucket,
    role: iam.IRole,
    actions: Sequence[str],
    resources: list[str],
    *,
    key_actions: Sequence[str] = (),
) -> iam.Grant:
    explain_wildcards(role, resources=resources, reason="Keys below a prefix are the uploaders' own.")
    grant = iam.Grant.add_to_principal(grantee=role, actions=list(actions), resource_arns=resources)
    if bucket.encryption_key is None or not key_actions:
        return grant
    return grant.combine(bucket.encryption_key.grant(role, *key_actions))
