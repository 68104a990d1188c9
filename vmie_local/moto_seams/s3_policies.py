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

SEAMS = (GET_PERMISSION, NEUTRAL)


def install() -> None:
    """Let identity policies alone decide."""
    neutral = resolve(NEUTRAL)

    def get_permission(self: Any, action: str, resource: str) -> Any:  # noqa: ARG001 - moto's signature
        return neutral

    replace(GET_PERMISSION, lambda _: get_permission)
