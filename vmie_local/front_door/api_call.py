"""One AWS API call as the local AWS understands it, whatever its wire protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Principal:
    """Who calls.

    Attributes:
        arn: `arn:aws:sts::…:assumed-role/<role>/<session>` for a role, the root user's ARN for the administrator.
        role_name: The role's name, or None for the administrator, whom no policy limits.
    """

    arn: str
    role_name: str | None = None


@dataclass(frozen=True)
class ApiCall:
    """A parsed request.

    Attributes:
        service: The IAM prefix of the service: `ec2`, `s3`, `states`, `lambda`, …
        operation: The API operation: `ImportImage`, `PutObject`, …
        parameters: The parsed parameters with botocore's member names; bodies of S3 uploads are left out.
        region: The Region of the signature.
        account: The caller's account.
        principal: Who calls.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
    region: str
    account: str
    principal: Principal
    headers: dict[str, str] = field(default_factory=dict, repr=False)


class ApiError(Exception):
    """An error answer, rendered in the protocol of the call's service."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep the parts of the answer.

        Args:
            code: The service's error code, such as `InvalidParameter`.
            message: What the caller reads.
            status: The HTTP status.
        """
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status
