"""The KMS key that an import is to encrypt with: looked at before EC2 is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.checks.advice import Advice
from vmie_runtime.errors import RequestRejected

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_KEY_ALIAS = "alias/aws/ebs"
"""AWS's own key for EBS in the account."""
# AWS KMS Developer Guide, "Key states of AWS KMS keys": while its primary Region changes, for some seconds,
# a key can be used all the same.
_USABLE_STATES = ("Enabled", "Updating")
# The states in which no call can use a key.
_STATE_REMEDIES = {
    "Disabled": "Enable it: aws kms enable-key --region {region} --key-id {key}",
    "PendingDeletion": "Keep it, then enable it: "
    "aws kms cancel-key-deletion --region {region} --key-id {key}",
    "PendingImport": "Import its key material, or name another key.",
    "PendingReplicaDeletion": "Name another key: this one goes as soon as its replicas are gone.",
    "Unavailable": "Connect its custom key store again, or name another key.",
    "Creating": "Drop the request again in a few seconds, when the key is made.",
}


class KmsClient(Protocol):
    """What is called of KMS."""

    def describe_key(self, *, KeyId: str) -> Mapping[str, Any]:
        """DescribeKey."""

    def get_key_policy(self, *, KeyId: str, PolicyName: str) -> Mapping[str, Any]:
        """GetKeyPolicy."""


@dataclass(frozen=True, kw_only=True)
class KeyFacts:
    """What is known of a key.

    Attributes:
        arn: The key's own ARN, whichever way it was named; None where it may not be described.
        managed_by_aws: Whether it is one of AWS's keys in the account, such as `aws/ebs`; None where that
            could not be told.
        advice: What could not be proven of it.
    """

    arn: str | None
    managed_by_aws: bool | None = False
    advice: tuple[Advice, ...] = ()


def require_usable_key(
    kms: KmsClient,
    key_id: str,
    *,
    region: str,
    account: str,
    allowed_key: bool = False,
    named: bool = True,
) -> KeyFacts:
    """Look at a key that is to encrypt snapshots.

    Needs `kms:DescribeKey` on the key; where that is refused nothing is proven, which is advice.

    Args:
        kms: A KMS client of the import's Region.
        key_id: As a request names it: key id, key ARN, alias or ARN of an alias.
        region: The Region of the import.
        account: The account of the import.
        allowed_key: Whether the stack's owner allowed this very key, also of another account. Default: no.
        named: Whether the request, or the owner's defaults, name it; the account's own default key is used
            without. Default: it is named.

    Raises:
        RequestRejected: If the key is known to be of no use here: `KeyInOtherRegion`, `KeyNotFound`,
            `KeyInOtherAccount`, `KeyNotEnabled` or `KeyUnsuitable`.
    """
    _require_region(key_id, region)
    try:
        with transient_errors_named():
            described: Mapping[str, Any] = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error_code(error) in (
            "NotFoundException",
            "InvalidArnException",
        ):
            raise RequestRejected(
                "KeyNotFound", f"There is no KMS key {key_id!r} in {region}.", key=key_id
            ) from error
        if is_default_alias(key_id):  # Whose it is, its name says.
            return KeyFacts(arn=None, managed_by_aws=True, advice=_default_named(key_id) if named else ())
        return KeyFacts(arn=None, managed_by_aws=None, advice=(_not_described(key_id, error),))
    arn = str(described["Arn"])
    _require_region(arn, region)
    if described["AWSAccountId"] != account and not allowed_key:
        raise RequestRejected(
            "KeyInOtherAccount",
            f"The KMS key {arn} belongs to the account {described['AWSAccountId']}, not to {account}, and "
            "the stack's owner did not allow it.",
            key=arn,
        )
    _require_enabled(described, region)
    _require_suitable(described)
    if described.get("KeyManager") != "AWS":
        return KeyFacts(arn=arn)
    _require_own_service(key_id, described)
    return KeyFacts(arn=arn, managed_by_aws=True, advice=_default_named(key_id) if named else ())


def is_default_alias(key_id: str) -> bool:
    """Tell whether a key is named by the alias of AWS's own key for EBS."""
    return key_id.rpartition(":")[2] == DEFAULT_KEY_ALIAS


def _require_region(key_id: str, region: str) -> None:
    parts = key_id.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn" and parts[3] != region:
        raise RequestRejected(
            "KeyInOtherRegion",
            f"The KMS key {key_id} is in {parts[3]}; the import runs in {region}, and EBS encrypts with "
            "keys of its own Region.",
            key=key_id,
        )


def _require_enabled(described: Mapping[str, Any], region: str) -> None:
    state = described.get("KeyState", "Enabled" if described.get("Enabled") else "Disabled")
    if state in _USABLE_STATES:
        return
    remedy = _STATE_REMEDIES.get(state, "Name another key.").format(region=region, key=described["KeyId"])
    date = described.get("DeletionDate")
    until = f", and is deleted on {date:%Y-%m-%d}" if date is not None else ""
    raise RequestRejected(
        "KeyNotEnabled",
        f"The KMS key {described['Arn']} is in the state {state}{until}. {remedy}",
        key=described["Arn"],
        state=state,
    )


def _require_suitable(described: Mapping[str, Any]) -> None:
    usage = described.get("KeyUsage", "ENCRYPT_DECRYPT")
    spec = described.get("KeySpec", "SYMMETRIC_DEFAULT")
    if (usage, spec) != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        raise RequestRejected(
            "KeyUnsuitable",
            f"The KMS key {described['Arn']} is a {spec} key for {usage}; EBS encrypts with symmetric "
            "encryption keys (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT).",
            key=described["Arn"],
        )


def _require_own_service(key_id: str, described: Mapping[str, Any]) -> None:
    alias = key_id.rpartition(":")[2]
    if alias.startswith("alias/aws/") and alias != DEFAULT_KEY_ALIAS:
        raise RequestRejected(
            "KeyUnsuitable",
            f"{alias} is the AWS managed key of another service, which EBS may not use.",
            key=described["Arn"],
        )


def _default_named(key_id: str) -> tuple[Advice, ...]:
    return (
        Advice(
            code="DefaultKeyNamed",
            message=f"{key_id} is a key that AWS manages. EC2 is known to refuse the default EBS key where "
            "it is named.",
            remedy="For the default EBS key leave `KmsKeyId` out and keep `Encrypted`.",
        ),
    )


def _not_described(key_id: str, error: ClientError | BotoCoreError) -> Advice:
    reason = error_code(error) if isinstance(error, ClientError) else type(error).__name__
    return Advice(
        code="KeyNotExamined",
        message=f"The KMS key {key_id} could not be looked at ({reason}), so whether it exists and is "
        "enabled was not proven.",
        remedy="Let the owner add the key to `allowed_kms_keys`, or grant the pipeline's validating function "
        "`kms:DescribeKey` on it, in the key's policy too where it belongs to another account.",
    )
