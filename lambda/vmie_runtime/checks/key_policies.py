"""What a key's policy seems to lack: a warning, as grants and other policies may change it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.checks.advice import Advice
from vmie_runtime.policy_language import conditions_of, covers_action, statements_of, texts_of

if TYPE_CHECKING:
    from vmie_runtime.checks.keys import KmsClient

# The user guide's list for the service role, its wildcards written out.
SERVICE_ROLE_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


# What EC2 asks of whoever calls it to make something encrypted, wildcards written out likewise (Amazon EBS
# User Guide, "Requirements for Amazon EBS encryption", permissions for users).
STARTER_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass(frozen=True, kw_only=True)
class KeyUser:
    """A role that must be able to use a key.

    Attributes:
        words: What it is, for a sentence.
        role_arn: Its ARN.
        actions: What it does with the key.
    """

    words: str
    role_arn: str
    actions: tuple[str, ...]


def service_role(role_arn: str) -> KeyUser:
    """The role that VM Import/Export assumes."""
    return KeyUser(words="the service role", role_arn=role_arn, actions=SERVICE_ROLE_ACTIONS)


def starting_role(role_arn: str) -> KeyUser:
    """The role that calls EC2: a key is used with its caller's rights."""
    return KeyUser(words="the role that starts tasks", role_arn=role_arn, actions=STARTER_ACTIONS)


def advise_on_key_policy(kms: KmsClient, key_arn: str, users: Sequence[KeyUser]) -> list[Advice]:
    """Read a key's policy and say what it seems not to let its users do.

    Needs `kms:GetKeyPolicy` on the key. A policy that may not be read proves nothing, and nothing is said;
    the policy of a key of another account never can be.

    Args:
        kms: A KMS client of the key's Region.
        key_arn: The key's own ARN, not an alias'.
        users: Who is going to use it.
    """
    try:
        text = kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]
        document = json.loads(text)
    except (ClientError, BotoCoreError, ValueError):
        return []
    return [advice for user in users for advice in _advice(document, key_arn, user)]


def _advice(document: Any, key_arn: str, user: KeyUser) -> list[Advice]:
    role_arn = user.role_arn
    denied = [action for action in user.actions if _is_covered(document, "Deny", action, key_arn, role_arn)]
    lacking = [
        action
        for action in user.actions
        if action not in denied and not _is_covered(document, "Allow", action, key_arn, role_arn)
    ]
    if not denied and not lacking:
        return []
    found = []
    if lacking:
        found.append(f"seems not to let {user.words} {role_arn} perform {_listed(lacking)}")
    if denied:
        found.append(f"denies {user.words} {role_arn} {_listed(denied)}")
    statement = {
        "Sid": "VmImportExport",
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": list(user.actions),
        "Resource": "*",
    }
    advice = Advice(
        code="KeyPolicyLacks",
        message=f"The policy of the KMS key {key_arn} {' and '.join(found)}. Only the import itself proves "
        "it: grants may allow, and service control policies refuse, what the policy does not show.",
        remedy=f"Add to the key's policy (`aws kms put-key-policy`): {json.dumps(statement)}",
    )
    return [advice]


def _is_covered(document: Any, effect: str, action: str, key_arn: str, role_arn: str) -> bool:
    """Whether a statement of this effect holds for certain: a condition that is not known never does."""
    known = _known_conditions(key_arn, role_arn)
    return any(
        one.get("Effect") == effect
        and covers_action(one, action)
        and _is_about(one, role_arn)
        and all(_holds(*condition, known) for condition in conditions_of(one))
        for one in statements_of(document)
    )


def _is_about(statement: Mapping[str, Any], role_arn: str) -> bool:
    """Whether a statement's principal is the role, its account, or everybody.

    The account stands for what its own IAM policies allow, which is examined elsewhere.
    """
    if "NotPrincipal" in statement:
        return False
    everybody, account = statement.get("Principal") == "*", _account(role_arn)
    return everybody or any(
        name in ("*", role_arn, account) or name.endswith(f":iam::{account}:root")
        for name in _principals(statement)
    )


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        yield from texts_of(principal.get("AWS", []))


def _holds(operator: str, key: str, values: list[str], known: Mapping[str, str]) -> bool:
    """Whether a condition is known to hold."""
    value = known.get(key.lower())
    if value is None:
        return False
    match operator.removesuffix("IfExists"):
        case "StringEquals" | "ArnEquals":
            return value in values
        case "Bool":
            return value in [one.lower() for one in values]
        case "StringLike" | "ArnLike":
            return any(fnmatchcase(value, pattern) for pattern in values)
    return False


def _known_conditions(key_arn: str, role_arn: str) -> dict[str, str]:
    """What is known of the calls that EBS makes with a key on behalf of the role."""
    return {
        "kms:calleraccount": _account(role_arn),
        "aws:principalaccount": _account(role_arn),
        "aws:principalarn": role_arn,
        "kms:viaservice": f"ec2.{key_arn.split(':')[3]}.amazonaws.com",
        "kms:grantisforawsresource": "true",
        "aws:securetransport": "true",
    }


def _account(role_arn: str) -> str:
    return role_arn.split(":")[4]


def _listed(actions: list[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions)
