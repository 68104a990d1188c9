"""The KMS keys of volumes and snapshots."""

from __future__ import annotations

from typing import Any

from vmie_local.moto_seams.ec2.backend import BACKENDS, backend
from vmie_local.moto_seams.seam import Seam

_KEYS = Seam("moto.kms.models:kms_backends", "which keys can encrypt")
SEAMS = (
    BACKENDS,
    _KEYS,
    Seam(
        "moto.ec2.models.elastic_block_store:EBSBackend.modify_ebs_default_kms_key_id",
        "makes the account's default key for EBS",
        ("self", "kms_key_id"),
    ),
)


def arn(account: str, region: str, key_id: str | None) -> str:
    """The ARN of a key (id, ARN or alias) that is there, or of the account's default key for EBS."""
    if key_id:
        key = _find(account, region, key_id)
        return str(key.arn) if key else key_id
    ec2 = backend(account, region)
    return str(ec2.default_kms_key_id or ec2.modify_ebs_default_kms_key_id(""))


def is_enabled(account: str, region: str, key_id: str) -> bool:
    """Whether a KMS key (id, ARN or alias) exists in a Region and is enabled."""
    key = _find(account, region, key_id)
    return bool(key and key.key_state == "Enabled")


def _find(account: str, region: str, key_id: str) -> Any:
    from moto.kms.models import kms_backends

    if key_id.startswith("arn:") and key_id.split(":")[3] != region:
        return None
    try:
        return kms_backends[account][region].describe_key(key_id)
    except (KeyError, AttributeError):  # no such key, no such alias
        return None
