"""A request may narrow what the stack's owner configured, never widen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from vmie_runtime.checks.allowed import Allowed, permits
from vmie_runtime.checks.mentions import Mention, Subject, mentions
from vmie_runtime.errors import RequestRejected
from vmie_runtime.source_urls import read_source_url, without_secrets

_ENCRYPTED_BY_REQUEST = ("ImportImage", "ImportSnapshot")
_NEVER_ENCRYPTED = ("ImportInstance", "ImportVolume")
# The others are billed by the Region or by the host (EC2 User Guide, "Dedicated Instances").
_SHARED_TENANCY = "default"


class Document(Protocol):
    """A valid request, as far as it is narrowed."""

    @property
    def operation(self) -> str:
        """The EC2 operation, such as `ImportImage`."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The operation's parameters."""

    @property
    def options(self) -> dict[str, Any]:
        """The request's `Vmie`."""

    @property
    def role_name(self) -> str | None:
        """The service role that it names."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """What every request may name, because it is the stack's own.

    Attributes:
        bucket: The bucket in which requests are dropped.
        region: The stack's Region.
        account: The stack's account.
        role_name: The stack's service role.
        default_kms_key: The key that the owner's defaults encrypt with; None where they name none.
        encrypted_by_owner: Whether the owner's defaults encrypt.
    """

    bucket: str
    region: str
    account: str
    role_name: str
    default_kms_key: str | None = None
    encrypted_by_owner: bool = False


def require_allowed(document: Document, allowed: Allowed, own: Own) -> None:
    """Refuse what the owner did not allow.

    Args:
        document: The request as it is going to be started: the owner's defaults, where they apply, are in its
            parameters.
        allowed: What the owner allows beyond the stack's own.
        own: What is the stack's own.

    Raises:
        RequestRejected: `<Thing>NotAllowed` for the first thing that is not allowed, the message naming all
            of them; `EncryptionRequired` where the owner's defaults encrypt and the request would not.
    """
    refused = [
        mention
        for mention in mentions(document.operation, document.parameters, document.options, document.role_name)
        if not _is_allowed(mention, allowed, own)
    ]
    if refused:
        first = refused[0]
        raise RequestRejected(
            first.subject.code,
            " ".join(_sentence(mention) for mention in refused[:10]),
            path=first.path,
            setting=first.subject.setting,
        )
    if own.encrypted_by_owner:
        _require_encryption(document, own)


def require_placement(document: Document, allowed: Allowed) -> None:
    """Refuse to let EC2 choose where an imported instance goes, where the owner did not leave that open.

    The zone is open where every one is allowed. Subnet and security groups, which are the default VPC's
    otherwise, are open unless the owner listed some.

    Args:
        document: The request, of which nothing that it names is refused.
        allowed: What the owner allows.

    Raises:
        RequestRejected: `AvailabilityZoneNotAllowed`, `SubnetNotAllowed` or `SecurityGroupNotAllowed`.
    """
    if document.operation != "ImportInstance":
        return
    launch = document.parameters.get("LaunchSpecification") or {}
    placement = launch.get("Placement") or {}
    left_out = {
        (Subject.AVAILABILITY_ZONE, "Placement.AvailabilityZone"): not (
            placement.get("AvailabilityZone") or placement.get("AvailabilityZoneId")
        ),
        (Subject.SUBNET, "SubnetId"): bool(allowed.subnets) and not launch.get("SubnetId"),
        (Subject.SECURITY_GROUP, "GroupIds"): bool(allowed.security_groups)
        and not (launch.get("GroupIds") or launch.get("GroupNames")),
    }
    for (subject, name), is_left_out in left_out.items():
        entries: tuple[str, ...] = getattr(allowed, subject.entries)
        if is_left_out and "*" not in entries:
            path = f"LaunchSpecification.{name}"
            raise RequestRejected(
                subject.code,
                f"{path} is left out, so that EC2 would choose the {subject.words}, and the stack's owner "
                f"did not allow every one ({subject.setting} has {', '.join(entries) or 'none'}).",
                path=path,
                setting=subject.setting,
            )


def _is_allowed(mention: Mention, allowed: Allowed, own: Own) -> bool:
    subject, value = mention.subject, mention.value
    if subject is Subject.SOURCE_URL:
        return _is_source_allowed(mention, allowed, own)
    if subject is Subject.KMS_KEY:
        return is_key_allowed(value, allowed, own)
    owned = {
        Subject.SOURCE_BUCKET: own.bucket,
        Subject.EXPORT_BUCKET: own.bucket,
        Subject.REGION: own.region,
        Subject.ACCOUNT: own.account,
        Subject.ROLE: own.role_name,
        Subject.TENANCY: _SHARED_TENANCY,
    }
    entries: tuple[str, ...] = getattr(allowed, subject.entries) if subject.entries else ()
    return value == owned.get(subject) or permits(entries, value)


def _is_source_allowed(mention: Mention, allowed: Allowed, own: Own) -> bool:
    try:
        bucket = read_source_url(mention.value).bucket or own.bucket
    except ValueError as why:
        raise RequestRejected(
            "InvalidSourceUrl",
            f"{mention.path} is {without_secrets(mention.value)!r}, which is no source: {why}.",
            path=mention.path,
        ) from None
    return bucket == own.bucket or permits(allowed.source_buckets, bucket)


def is_key_allowed(key: str, allowed: Allowed, own: Own) -> bool:
    """Tell whether a key is the owner's default, or one that the owner allowed."""
    entries = (own.default_kms_key, *allowed.kms_keys)
    named = tuple(entry if entry == "*" else _whole_key(entry, own) for entry in entries if entry)
    return permits(named, _whole_key(key, own))


def _whole_key(key: str, own: Own) -> str:
    """A key by Region, account and resource, whichever of the ways of naming one was chosen."""
    if key.startswith("arn:"):
        return ":".join(key.split(":", 5)[3:])
    return f"{own.region}:{own.account}:{key if key.startswith('alias/') else f'key/{key}'}"


def _sentence(mention: Mention) -> str:
    shown = without_secrets(mention.value) if mention.subject is Subject.SOURCE_URL else mention.value
    return (
        f"{mention.path} names the {mention.subject.words} {shown[:300]!r}, which the stack's owner did not "
        f"allow{mention.subject.remedy}."
    )


def _require_encryption(document: Document, own: Own) -> None:
    key = own.default_kms_key or "the account's default EBS key"
    if document.operation in _NEVER_ENCRYPTED:
        raise RequestRejected(
            "EncryptionRequired",
            f"The stack's owner wants every import encrypted, with {key}; {document.operation} has no "
            "parameter to encrypt. Use ImportImage or ImportSnapshot.",
            path="Encrypted",
        )
    if document.operation not in _ENCRYPTED_BY_REQUEST:
        return
    volume = document.options.get("CreateVolume") or {}
    if document.parameters.get("Encrypted") is not True:
        path, asked = "Encrypted", f"{document.parameters.get('Encrypted', 'left out')}"
    elif own.default_kms_key and not document.parameters.get("KmsKeyId"):
        path, asked = "KmsKeyId", "left out"
    elif volume.get("Encrypted", True) is not True:
        path, asked = "Vmie.CreateVolume.Encrypted", str(volume["Encrypted"])
    else:
        return
    raise RequestRejected(
        "EncryptionRequired",
        f"{path} is {asked}; the stack's owner wants every import encrypted, with {key}.",
        path=path,
    )
