"""What an examination of the service role asks for and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vmie_runtime.export_objects import WRITE_PROBE
from vmie_runtime.request_documents.export_rules import PREFIX


@dataclass(frozen=True, kw_only=True)
class ServiceRole:
    """A service role, and what VM Import/Export has to do with it for one import or export.

    Attributes:
        role_name: Its name, without path.
        account: The account the import runs in, which is the role's.
        region: The Region the import runs in.
        partition: Default: `aws`.
        bucket: The bucket of the disk image, or where an export is written.
        key: The image's key. Default: any key of the bucket.
        source_key_arns: KMS keys that the image is encrypted with (SSE-KMS); the role has to decrypt with
            them.
        kms_key_arns: KMS keys that the resulting snapshots are encrypted with, where not the default EBS key.
        license_configuration_arns: License Manager configurations to attach to the AMI.
        writes: Whether it is for an export, which writes to the bucket. Default: it reads an image.
    """

    role_name: str
    account: str
    region: str
    partition: str = "aws"
    bucket: str
    key: str | None = None
    source_key_arns: tuple[str, ...] = ()
    kms_key_arns: tuple[str, ...] = ()
    license_configuration_arns: tuple[str, ...] = ()
    writes: bool = False

    @property
    def arn(self) -> str:
        """The role's ARN, as it is where the role has no path."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.role_name}"

    @property
    def bucket_arn(self) -> str:
        """The ARN of the image's bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def object_arns(self) -> tuple[str, ...]:
        """The ARN of the image, or of all objects of the bucket; of an export, those of what it writes."""
        names = (f"{PREFIX}*", WRITE_PROBE) if self.writes else (self.key or "*",)
        return tuple(f"{self.bucket_arn}/{name}" for name in names)


class CheckOutcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class RoleCheck:
    """One check of the examination.

    Attributes:
        name: What is checked, as a clause that is true where the check passes.
        code: The code of the diagnosis where it fails.
        outcome: Passed, failed, or unknown where it could not be told.
        detail: What was found.
        remedy: How to mend it, with the policy statement or the command; empty where it passed.
        missing: The statement that the role lacks, by the name of the inline policy to add it as.
    """

    name: str
    code: str
    outcome: CheckOutcome
    detail: str
    remedy: str = ""
    missing: tuple[str, dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class RoleExamination:
    """What is known of a service role.

    Attributes:
        role: The role that was examined, and for what.
        checks: In the order in which they were made.
        created_at: When the role was created, ISO 8601; `None` where it could not be read.
    """

    role: ServiceRole
    checks: tuple[RoleCheck, ...] = field(default=())
    created_at: str | None = None

    @property
    def failed(self) -> tuple[RoleCheck, ...]:
        """The checks that failed."""
        return self._ended(CheckOutcome.FAILED)

    @property
    def unknown(self) -> tuple[RoleCheck, ...]:
        """The checks of which it could not be told."""
        return self._ended(CheckOutcome.UNKNOWN)

    @property
    def passed(self) -> tuple[RoleCheck, ...]:
        """The checks that passed."""
        return self._ended(CheckOutcome.PASSED)

    @property
    def first_failure(self) -> RoleCheck | None:
        """The first check that failed."""
        return next(iter(self.failed), None)

    @property
    def remaining_causes(self) -> tuple[str, ...]:
        """What may still be the cause where no check failed, likeliest first. No call tells which it is."""
        return () if self.failed else _remaining_causes(self)

    def _ended(self, outcome: CheckOutcome) -> tuple[RoleCheck, ...]:
        return tuple(check for check in self.checks if check.outcome is outcome)


def _remaining_causes(examination: RoleExamination) -> tuple[str, ...]:
    role = examination.role
    created = f" (it was created at {examination.created_at})" if examination.created_at else ""
    keys = ", ".join((*role.source_key_arns, *role.kms_key_arns))
    key_policy = (
        f"The policy of a KMS key ({keys})" if keys else "Where a KMS key encrypts the image, its policy"
    )
    return (
        f"The role or one of its policies was made or changed less than a minute ago{created} and VM "
        "Import/Export does not see that yet: try again.",
        f"A bucket policy on {role.bucket}, a service or resource control policy of the organisation, or a "
        "permissions boundary denies the role what its own policies allow; conditions on VPC endpoints, "
        "source addresses or the organisation often do.",
        f"{key_policy} does not let the role use it, or the key is disabled.",
        f"AWS STS is not active in {role.region} for this account: IAM console, Account settings, Security "
        "Token Service (STS), Endpoints, activate the Region. An opt-in Region must be enabled first.",
        f"Who made the call may not pass the role: grant `iam:PassRole` on {role.arn}.",
    )
