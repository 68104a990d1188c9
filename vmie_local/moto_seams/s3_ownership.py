"""S3: who owns the objects of a bucket, and whether it takes ACLs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_local.moto_seams.seam import Seam, replace, resolve

BUCKETS = Seam("moto.s3.models:s3_backends", "buckets live in these")
NEW_BUCKET = Seam(
    "moto.s3.models:FakeBucket.__init__",
    "a new bucket has no ownership rule, where S3 gives it BucketOwnerEnforced",
    ("self", "name", "account_id", "region_name", "bucket_namespace"),
)
BUCKET_PUT = Seam(
    "moto.s3.responses:S3Response._bucket_response_put",
    "takes ACLs for buckets that have them disabled",
    ("self", "request", "bucket_name", "querystring"),
)
S3_ERROR = Seam("moto.s3.exceptions:S3ClientError", "errors of our own in S3's words")

SEAMS = (BUCKETS, NEW_BUCKET, BUCKET_PUT, S3_ERROR)

ENFORCED = "BucketOwnerEnforced"
"""ACLs are disabled; the default of a new bucket (S3 user guide, "Controlling ownership of objects")."""


def install() -> None:
    """Give new buckets S3's default, and have it respected."""
    replace(NEW_BUCKET, _enforced)
    replace(BUCKET_PUT, _refusing_acls)


def controls_of(bucket_name: str) -> dict[str, Any] | None:
    """Account, Region, ownership, ACL, policy and encryption of a bucket, or None if there is none."""
    from moto.s3.models import s3_backends

    if bucket_name not in s3_backends.bucket_accounts:
        return None
    partition, account = s3_backends.bucket_accounts[bucket_name]
    bucket = s3_backends[account][partition].buckets[bucket_name]
    policy = bucket.policy
    return {
        "account": bucket.account_id,
        "region": bucket.region_name,
        "ownership": bucket.ownership_rule,
        "grants": tuple(
            (grantee.id or grantee.uri, permission)
            for grant in (bucket.acl.grants if bucket.acl else ())
            for grantee in grant.grantees
            for permission in grant.permissions
        ),
        "policy": policy.decode() if isinstance(policy, bytes) else policy,
        "encryption": _encryption(bucket.encryption),
    }


def _encryption(given: Any) -> str:
    rules = (given or {}).get("Rule") or {}
    first = rules[0] if isinstance(rules, list) else rules
    return str((first.get("ApplyServerSideEncryptionByDefault") or {}).get("SSEAlgorithm", "AES256"))


def _enforced(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.ownership_rule = ENFORCED

    return __init__


def _refusing_acls(original: Callable[..., Any]) -> Callable[..., Any]:
    def _bucket_response_put(self: Any, request: Any, bucket_name: str, querystring: Any) -> Any:
        if "acl" in querystring:
            bucket = self.backend.get_bucket(bucket_name)
            if bucket.ownership_rule == ENFORCED and request.headers.get("x-amz-acl") != "private":
                raise resolve(S3_ERROR)("AccessControlListNotSupported", "The bucket does not allow ACLs")
        return original(self, request, bucket_name, querystring)

    return _bucket_response_put
