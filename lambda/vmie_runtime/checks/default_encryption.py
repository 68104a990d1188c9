"""The account's encryption by default, which changes what an import makes and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.checks.advice import Advice

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

# ImportInstance and ImportVolume have no parameters that encrypt: only the account's settings do.
WITHOUT_ENCRYPTION = ("ImportInstance", "ImportVolume")


@dataclass(frozen=True, kw_only=True)
class DefaultEncryption:
    """How an account encrypts EBS resources in a Region.

    Attributes:
        enabled: Whether everything new is encrypted; None where that may not be read.
        key: The default EBS key: `alias/aws/ebs`, or the ARN of a key; None likewise.
    """

    enabled: bool | None
    key: str | None


def read_default_encryption(ec2: EC2Client) -> DefaultEncryption:
    """Read the account's settings in the client's Region.

    Needs `ec2:GetEbsEncryptionByDefault` and `ec2:GetEbsDefaultKmsKeyId`, which take no resource. What is
    refused is unknown, not an error: the settings change what to expect, not what may be asked for.
    """
    try:
        with transient_errors_named():
            enabled = bool(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
            return DefaultEncryption(enabled=enabled, key=ec2.get_ebs_default_kms_key_id()["KmsKeyId"])
    except ClientError as error:
        if error_code(error) in ("UnauthorizedOperation", "AccessDenied"):
            return DefaultEncryption(enabled=None, key=None)
        raise


def named_key(operation: str, parameters: Mapping[str, Any]) -> str | None:
    """The key that the request, or the owner's defaults, name for what an import makes."""
    return None if operation in WITHOUT_ENCRYPTION else parameters.get("KmsKeyId")


def is_encrypted_by_default_key(
    operation: str, parameters: Mapping[str, Any], default: DefaultEncryption
) -> bool:
    """Tell whether the account's default key encrypts what an import makes, as far as that is known."""
    if default.key is None or named_key(operation, parameters):
        return False
    return bool(default.enabled or _asks(operation, parameters))


def advise_on_default_encryption(
    operation: str,
    parameters: Mapping[str, Any],
    default: DefaultEncryption,
    *,
    managed_by_aws: bool | None,
    region: str,
    share: bool = False,
) -> list[Advice]:
    """Name what follows from the account's settings for an import.

    Args:
        operation: The EC2 operation that imports.
        parameters: Its parameters.
        default: The account's settings.
        managed_by_aws: Whether the key that encrypts the result is AWS's; None where that is unknown.
        region: The Region of the import.
        share: Whether the result is to be shared with other accounts. Default: no.
    """
    advice = []
    if default.enabled and not _asks(operation, parameters):
        advice.append(_encrypted_unasked(operation, default, region, managed_by_aws=managed_by_aws))
    encrypted = named_key(operation, parameters) or is_encrypted_by_default_key(
        operation, parameters, default
    )
    if encrypted and managed_by_aws and (share or default.enabled):
        advice.append(_not_shareable(operation, share=share))
    return advice


def _asks(operation: str, parameters: Mapping[str, Any]) -> bool:
    return operation not in WITHOUT_ENCRYPTION and parameters.get("Encrypted") is True


def _not_shareable(operation: str, *, share: bool) -> Advice:
    if operation in WITHOUT_ENCRYPTION:
        remedy = (
            f"{operation} takes no key. Make a key of your own the account's default (`aws ec2 "
            "modify-ebs-default-kms-key-id`); or use ImportImage or ImportSnapshot, with `Encrypted: true` "
            "and a key of your own as `KmsKeyId`."
        )
    else:
        remedy = (
            "Say `Encrypted: true` and name a key of your own as `KmsKeyId`, one whose policy lets the other "
            "accounts use it."
        )
    return Advice(
        code="NotShareable",
        message="What is encrypted with the AWS managed key aws/ebs cannot be shared with another account"
        + (", which the request asks for." if share else "."),
        remedy=remedy,
    )


def _encrypted_unasked(
    operation: str, default: DefaultEncryption, region: str, *, managed_by_aws: bool | None
) -> Advice:
    message = (
        "The request does not ask for encryption, but the account encrypts every new EBS volume and "
        f"snapshot in {region} by default, with {default.key}: so will the result be. VM Import/Export "
        "exports nothing that is encrypted, so the result cannot be exported again"
    )
    elsewhere = "import in a Region or an account that does not encrypt by default"
    if managed_by_aws:
        return Advice(
            code="EncryptedByDefault",
            message=f"{message}.",
            remedy=f"Nothing, where that is meant. Otherwise {elsewhere} "
            "(`aws ec2 disable-ebs-encryption-by-default`).",
        )
    # ImportInstance and ImportVolume take no service role.
    legacy = operation in WITHOUT_ENCRYPTION
    users = "who starts the task needs" if legacy else "the service role and who starts the task need"
    unknown = "" if managed_by_aws is False else ", unless it is AWS's own, which could not be told"
    return Advice(
        code="EncryptedByDefault",
        message=f"{message}; and {users} that key{unknown}.",
        remedy=f"Let the owner add the key to `allowed_kms_keys`, which grants it to them: {default.key}. "
        f"Where encryption is not wanted, {elsewhere}.",
    )
