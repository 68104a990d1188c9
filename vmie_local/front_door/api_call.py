"""One AWS API call as the local AWS understands it, whatever its wire protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


@dataclass(frozen=True)
class Principal:
    """Who calls.

    Attributes:
        arn: `arn:aws:sts::…:assumed-role/<role>/<session>` for a role, `arn:aws:iam::…:user/…` for a user,
            the root user's ARN for the administrator and `*` for a call without a signature.
        role_name: The role's name, or None for whoever is not a role.
        user_name: The name of an IAM user who calls with a key of CreateAccessKey, or None.
        session_tags: The tags given to AssumeRole; they come before the role's own tags.
        session_policies: The policies given to AssumeRole as JSON texts; they narrow what the role may do.
    """

    arn: str
    role_name: str | None = None
    user_name: str | None = None
    session_tags: Mapping[str, str] = field(default_factory=dict)
    session_policies: tuple[str, ...] = ()

    @property
    def is_administrator(self) -> bool:
        """Whether no policy limits this principal."""
        return self.role_name is None and self.user_name is None and self.arn != "*"


def no_body() -> bytes:
    """The body of a call that has none."""
    return b""


@dataclass(frozen=True)
class ApiCall:
    """A parsed request.

    Attributes:
        service: The IAM prefix of the service: `ec2`, `s3`, `states`, `lambda`, …
        operation: The API operation: `ImportImage`, `PutObject`, …
        parameters: The parsed parameters with botocore's member names and Python types (`bytes` for blobs,
            aware `datetime` for timestamps). Streaming payloads, such as bodies of S3 uploads, are left out.
        region: The Region of the signature.
        account: The caller's account.
        principal: Who calls.
        headers: The HTTP headers, with lower-case names.
        source_ip: The caller's address.
        body: Reads the raw body of the request into memory; call it for a streaming payload only. It may be
            called more than once, and moto still sees the body afterwards.
        at: When the call arrived, in seconds since 1970 on the local AWS's clock.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
    region: str
    account: str
    principal: Principal
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    source_ip: str = "127.0.0.1"
    body: Callable[[], bytes] = field(default=no_body, repr=False, compare=False)
    at: float = 0.0


class ApiError(Exception):
    """An error answer, rendered in the protocol of the call's service."""

    def __init__(self, code: str, message: str, status: int = 400, **members: str) -> None:
        """Keep the parts of the answer.

        Args:
            code: The service's error code, such as `InvalidParameter`.
            message: What the caller reads.
            status: The HTTP status.
            members: Further members of the error's shape, such as `Reason` of EBS direct.
        """
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


class Pass(Enum):
    """The type of `PASS`."""

    PASS = "pass"  # noqa: S105 - no password


PASS: Final = Pass.PASS
"""What a handler returns to leave the call to moto."""

Handler = Callable[[ApiCall], Mapping[str, Any] | Pass]
"""Answers a call with botocore's output members, raises `ApiError`, or returns `PASS`."""
