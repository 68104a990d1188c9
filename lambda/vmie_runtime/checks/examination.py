"""All checks of one request: first of the account, then, once the image was inspected, of the guest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.allowed import Allowed
from vmie_runtime.checks.architectures import require_architecture
from vmie_runtime.checks.conversion_tasks import advise_on_conversion_task, require_conversion_task
from vmie_runtime.checks.default_encryption import (
    DefaultEncryption,
    advise_on_default_encryption,
    key_of_result,
    read_default_encryption,
)
from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.checks.key_policies import advise_on_key_policy
from vmie_runtime.checks.keys import KmsClient, require_usable_key
from vmie_runtime.checks.licences import advise_on_licence, require_licence
from vmie_runtime.checks.narrowing import Document, Own, is_key_allowed
from vmie_runtime.checks.security_token_service import require_active

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_sts import STSClient

_CONVERSION_TASKS = ("ImportInstance", "ImportVolume")
_IMPORTS = ("ImportImage", "ImportSnapshot", *_CONVERSION_TASKS)


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account that a request runs in, as the checks reach it.

    Attributes:
        ec2: An EC2 client of its Region.
        kms: A KMS client of its Region.
        sts: An STS client of its Region, on the regional endpoint (botocore's default since 1.35).
        partition: Its partition, such as `aws-cn`.
    """

    ec2: EC2Client
    kms: KmsClient
    sts: STSClient
    partition: str


def examine_account(document: Document, account: Account, allowed: Allowed, own: Own) -> list[Advice]:
    """Look at what the account has for a request, before anything is started.

    Needs the actions of `REQUIRED_ACTIONS`; what is refused is not proven, and said so where it matters.

    Args:
        document: The request as it is going to be started, the owner's defaults in its parameters.
        account: The account, by its clients.
        allowed: What the owner allows beyond the stack's own.
        own: What is the stack's own.

    Raises:
        RequestRejected: For what is known to fail.
    """
    if document.operation not in _IMPORTS:
        require_active(account.sts, own.region)
        return []
    parameters = document.parameters
    if document.operation in _CONVERSION_TASKS:
        guest = GuestSystem.known(parameters, None)
        require_conversion_task(document.operation, parameters, guest, region=own.region)
    if document.operation == "ImportImage":
        require_licence(parameters, GuestSystem.known(parameters, None))
    require_active(account.sts, own.region)
    default = read_default_encryption(account.ec2)
    advice = advise_on_default_encryption(
        parameters, default, region=own.region, share=_is_shared(document.options)
    )
    for key in _keys(document, default):
        advice += _examine_key(key, document, account, allowed, own)
    return advice


def examine_guest(
    operation: str, parameters: dict[str, Any], facts: dict[str, Any] | None, *, region: str, now: str
) -> list[Advice]:
    """Hold a request against the guest that the inspection found.

    Args:
        operation: The EC2 operation that is going to import it: ImportSnapshot for the method `snapshot`.
        parameters: The request's, the owner's defaults among them.
        facts: The inspection's `Guest`; None where it found none.
        region: The Region of the import.
        now: The moment, ISO 8601 in UTC.

    Raises:
        RequestRejected: For what is known to fail.
    """
    guest = GuestSystem.known(parameters, facts)
    advice: list[Advice] = []
    if operation in ("ImportImage", "ImportInstance"):
        require_architecture(parameters, now=now)
    if operation == "ImportImage":
        require_licence(parameters, guest)
        advice += advise_on_licence(parameters, guest)
    if operation in _CONVERSION_TASKS:
        require_conversion_task(operation, parameters, guest, region=region)
        advice += advise_on_conversion_task(operation, guest)
    if operation == "ImportSnapshot":
        # Nothing changes the guest's licence then.
        advice += advise_on_licence({"LicenseType": "BYOL"}, guest)
    return advice


def _examine_key(key: str, document: Document, account: Account, allowed: Allowed, own: Own) -> list[Advice]:
    known = require_usable_key(
        account.kms,
        key,
        region=own.region,
        account=own.account,
        allowed_key=is_key_allowed(key, allowed, own),
    )
    advice = list(known.advice)
    if known.arn is not None and not known.managed_by_aws:
        advice += advise_on_key_policy(account.kms, known.arn, _role_arn(document, account, own))
    return advice


def _role_arn(document: Document, account: Account, own: Own) -> str:
    return f"arn:{account.partition}:iam::{own.account}:role/{document.role_name or own.role_name}"


def _keys(document: Document, default: DefaultEncryption) -> list[str]:
    """The keys that the request is going to encrypt with; AWS's own default needs no look."""
    volume = document.options.get("CreateVolume") or {}
    keys = [key_of_result(document.parameters, default), volume.get("KmsKeyId")]
    named = [key for key in keys if key and not (key == default.key and default.managed_by_aws)]
    return list(dict.fromkeys(named))


def _is_shared(options: dict[str, Any]) -> bool:
    distribution = options.get("Distribution") or {}
    return bool(distribution.get("AccountIds") or distribution.get("OrganizationArns"))
