"""All checks of one request: first of the account, then, once the image was inspected, of the guest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.allowed import Allowed
from vmie_runtime.checks.architectures import require_architecture
from vmie_runtime.checks.conversion_tasks import advise_on_conversion_task, require_conversion_task
from vmie_runtime.checks.default_encryption import (
    DefaultEncryption,
    advise_on_default_encryption,
    is_encrypted_by_default_key,
    named_key,
    read_default_encryption,
)
from vmie_runtime.checks.guests import GuestSystem
from vmie_runtime.checks.key_policies import KeyUser, advise_on_key_policy, service_role, starting_role
from vmie_runtime.checks.keys import KeyFacts, KmsClient, is_default_alias, require_usable_key
from vmie_runtime.checks.licences import advise_on_licence, advise_on_subscription, require_licence
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
        starting_role: ARN of the role that starts tasks; None where the stack does not say.
    """

    ec2: EC2Client
    kms: KmsClient
    sts: STSClient
    partition: str
    starting_role: str | None = None


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
    known = _examine_keys(document, default, account, allowed, own)
    of_result = named_key(document.operation, parameters) or default.key
    advice = advise_on_default_encryption(
        document.operation,
        parameters,
        default,
        managed_by_aws=known[of_result].managed_by_aws if of_result in known else None,
        region=own.region,
        share=_is_shared(document.options),
    )
    for facts in known.values():
        advice += facts.advice
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
    if operation == "ImportInstance":
        advice += advise_on_subscription(guest)
    if operation == "ImportSnapshot":
        # Nothing changes the guest's licence then.
        advice += advise_on_licence({"LicenseType": "BYOL"}, guest)
    return advice


def _examine_keys(
    document: Document, default: DefaultEncryption, account: Account, allowed: Allowed, own: Own
) -> dict[str, KeyFacts]:
    """What is known of the keys that the request is going to encrypt with, their policies read."""
    known = {}
    for key, users in _keys(document, default, account, own).items():
        named = key in _named(document)
        if not named and is_default_alias(
            key
        ):  # AWS's own: nobody names it, and nobody is let in by its policy.
            known[key] = KeyFacts(arn=None, managed_by_aws=True)
            continue
        facts = require_usable_key(
            account.kms,
            key,
            region=own.region,
            account=own.account,
            allowed_key=is_key_allowed(key, allowed, own),
            named=named,
        )
        if facts.arn is not None and not facts.managed_by_aws:
            found = advise_on_key_policy(account.kms, facts.arn, users)
            facts = replace(facts, advice=(*facts.advice, *found))
        known[key] = facts
    return known


def _keys(
    document: Document, default: DefaultEncryption, account: Account, own: Own
) -> dict[str, list[KeyUser]]:
    """The keys that the request is going to encrypt with, each with who is going to use it."""
    starter = [starting_role(account.starting_role)] if account.starting_role else []
    role = f"arn:{account.partition}:iam::{own.account}:role/{document.role_name or own.role_name}"
    operation, parameters = document.operation, document.parameters
    # ImportInstance and ImportVolume know no service role.
    of_result = starter if operation in _CONVERSION_TASKS else [service_role(role), *starter]
    keys: dict[str, list[KeyUser]] = {}
    if key := named_key(operation, parameters):
        keys[key] = of_result
    elif is_encrypted_by_default_key(operation, parameters, default):
        keys[str(default.key)] = of_result
    if key := _key_of_volume(document):
        keys.setdefault(key, starter)
    return keys


def _named(document: Document) -> tuple[str | None, ...]:
    return named_key(document.operation, document.parameters), _key_of_volume(document)


def _key_of_volume(document: Document) -> str | None:
    return (document.options.get("CreateVolume") or {}).get("KmsKeyId")


def _is_shared(options: dict[str, Any]) -> bool:
    distribution = options.get("Distribution") or {}
    return bool(distribution.get("AccountIds") or distribution.get("OrganizationArns"))
