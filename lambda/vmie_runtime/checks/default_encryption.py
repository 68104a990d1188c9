"""The account's encryption by default, which changes what an import makes and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.checks.advice import Advice

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

AWS_MANAGED = "alias/aws/ebs"


@dataclass(frozen=True, kw_only=True)
class DefaultEncryption:
    """How an account encrypts EBS resources in a Region.

    Attributes:
        enabled: Whether everything new is encrypted; None where that may not be read.
        key: The default EBS key: `alias/aws/ebs`, or the ARN of a key of the customer's; None likewise.
    """

    enabled: bool | None
    key: str | None

    @property
    def managed_by_aws(self) -> bool:
        """Whether the default key is AWS's."""
        return self.key is not None and self.key.endswith(AWS_MANAGED)


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


def key_of_result(parameters: dict[str, Any], default: DefaultEncryption) -> str | None:
    """The key that the snapshots of an import are going to be encrypted with; None where they are not.

    Args:
        parameters: Of ImportImage or ImportSnapshot.
        default: The account's settings.
    """
    if parameters.get("KmsKeyId"):
        return str(parameters["KmsKeyId"])
    return default.key if parameters.get("Encrypted") is True or default.enabled else None


def advise_on_default_encryption(
    parameters: dict[str, Any], default: DefaultEncryption, *, region: str, share: bool = False
) -> list[Advice]:
    """Name what follows from the account's settings for an import.

    Args:
        parameters: Of the import; ImportInstance and ImportVolume have none that encrypt.
        default: The account's settings.
        region: The Region of the import.
        share: Whether the result is to be shared with other accounts. Default: no.
    """
    advice = []
    by_request = parameters.get("Encrypted") is True or bool(parameters.get("KmsKeyId"))
    if default.enabled and not by_request:
        advice.append(_encrypted_unasked(default, region))
    key = key_of_result(parameters, default)
    if key is None or not key.endswith(AWS_MANAGED):
        return advice
    if share or default.enabled:
        advice.append(
            Advice(
                code="NotShareable",
                message="What is encrypted with the AWS managed key aws/ebs cannot be shared with another "
                "account" + (", which the request asks for." if share else "."),
                remedy="Say `Encrypted: true` and name a key of your own as `KmsKeyId`, one whose policy "
                "lets the other accounts use it.",
            )
        )
    return advice


def _encrypted_unasked(default: DefaultEncryption, region: str) -> Advice:
    message = (
        "The request does not ask for encryption, but the account encrypts every new EBS volume and "
        f"snapshot in {region} by default, with {default.key}: so will the result be. VM Import/Export "
        "exports nothing that is encrypted, so the result cannot be exported again"
    )
    if default.managed_by_aws:
        return Advice(
            code="EncryptedByDefault",
            message=f"{message}.",
            remedy="Nothing, where that is meant. Otherwise import in a Region or an account that does not "
            "encrypt by default (`aws ec2 disable-ebs-encryption-by-default`).",
        )
    return Advice(
        code="EncryptedByDefault",
        message=f"{message}; and the service role and who starts the task need that key.",
        remedy=f"Grant the service role the key (`VmImportRole.grant_key`): {default.key}. Where encryption "
        "is not wanted, import in a Region or an account that does not encrypt by default.",
    )
