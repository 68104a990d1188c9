"""Enforced IAM: which actions a call needs, and whether the caller's policies allow them."""

from vmie_local.front_door.authorization.authorizer import (
    UNLIMITED,
    Authorizer,
    Check,
    Verdict,
    is_exempt,
)
from vmie_local.front_door.authorization.encryption import EncryptionKeys
from vmie_local.front_door.authorization.identities import Identities, Identity
from vmie_local.front_door.authorization.requirement import Requirement
from vmie_local.front_door.authorization.resources import Resources

__all__ = [
    "UNLIMITED",
    "Authorizer",
    "Check",
    "EncryptionKeys",
    "Identities",
    "Identity",
    "Requirement",
    "Resources",
    "Verdict",
    "is_exempt",
]
