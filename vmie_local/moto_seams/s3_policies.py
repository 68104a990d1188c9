"""S3: bucket policies are stored and shown, not evaluated."""

from __future__ import annotations

from typing import Any

from vmie_local.moto_seams.seam import Seam, replace, resolve

GET_PERMISSION = Seam(
    "moto.s3.models:FakeBucket.get_permission",
    "ignores Condition, so that a policy which denies plain HTTP only denies everything",
    ("self", "action", "resource"),
)
NEUTRAL = Seam("moto.iam.access_control:PermissionResult.NEUTRAL", "the policy says nothing")
LOG_PERMISSIONS = Seam(
    "moto.s3.models:FakeBucket._log_permissions_enabled_policy",
    "refuses a log bucket by its policy, which S3 does not, and breaks on the principal `*`",
    ("target_bucket", "target_prefix"),
)

SEAMS = (GET_PERMISSION, NEUTRAL, LOG_PERMISSIONS)


def install() -> None:
    """Let identity policies alone decide."""
    neutral = resolve(NEUTRAL)

    def get_permission(self: Any, action: str, resource: str) -> Any:  # noqa: ARG001 - moto's signature
        return neutral

    def log_permissions(target_bucket: Any, target_prefix: str | None) -> bool:  # noqa: ARG001 - moto's
        return True

    replace(GET_PERMISSION, lambda _: get_permission)
    replace(LOG_PERMISSIONS, lambda _: staticmethod(log_permissions))
