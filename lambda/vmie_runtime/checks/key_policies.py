"""What a key's policy seems to lack: a warning, as grants and other policies may change it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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
# What EBS asks of who makes an encrypted snapshot (Amazon EBS User Guide, "Permissions for IAM users").
CALLER_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass(frozen=True, kw_only=True)
class KeyUser:
    """Who uses a key, and how.

    Attributes:
        role_arn: The role's ARN.
        words: What the role is, in a sentence.
        actions: What it needs.
    """

    role_arn: str
    words: str
    actions: tuple[str, ...]

    @property
    def account(self) -> str:
        """The role's account."""
        return self.role_arn.split(":")[4]


def service_role(role_arn: str) -> KeyUser:
    """The service role as a user of the key that snapshots are encrypted with."""
    return KeyUser(role_arn=role_arn, words="the service role", actions=SERVICE_ROLE_ACTIONS)


def caller(role_arn: str) -> KeyUser:
    """The role that starts the task as a user of the key that snapshots are encrypted with."""
    return KeyUser(role_arn=role_arn, words="the role that starts the task", actions=CALLER_ACTIONS)


def advise_on_key_policy(kms: KmsClient, key_arn: str, users: tuple[KeyUser, ...]) -> list[Advice]:
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
    return [advice for user in users if (advice := _advice(document, key_arn, user)) is not None]


def _advice(document: Any, key_arn: str, user: KeyUser) -> Advice | None:
    denied = [action for action in user.actions if _is_covered(document, "Deny", action, key_arn, user)]
    lacking = [
        action
        for action in user.actions
        if action not in denied and not _is_covered(document, "Allow", action, key_arn, user)
    ]
    if not denied and not lacking:
        return None
    found = []
    if lacking:
        found.append(f"seems not to let {user.words} {user.role_arn} perform {_listed(lacking)}")
    if denied:
        found.append(f"denies {user.words} {user.role_arn} {_listed(denied)}")
    statement = {
        "Sid": "VmImportExport",
        "Effect": "Allow",
        "Principal": {"AWS": user.role_arn},
        "Action": list(user.actions),
        "Resource": "*",
    }
    return Advice(
        code="KeyPolicyLacks",
        message=f"The policy of the KMS key {key_arn} {' and '.join(found)}. Only the import itself proves "
        "it: grants may allow, and service control policies refuse, what the policy does not show.",
        remedy=f"Add to the key's policy (`aws kms put-key-policy`): {json.dumps(statement)}",
    )


def _is_covered(document: Any, effect: str, action: str, key_arn: str, user: KeyUser) -> bool:
    """Whether a statement of this effect holds for certain: a condition that is not known never does."""
    known = _known_conditions(key_arn, user)
    return any(
        one.get("Effect") == effect
        and covers_action(one, action)
        and _is_about(one, user)
        and all(_holds(*condition, known) for condition in conditions_of(one))
        for one in statements_of(document)
    )


def _is_about(statement: Mapping[str, Any], user: KeyUser) -> bool:
    """Whether a statement's principal is the user, its account, or everybody.

    The account stands for what its own IAM policies allow, which is examined elsewhere.
    """
    if "NotPrincipal" in statement:
        return False
    everybody = statement.get("Principal") == "*"
    return everybody or any(
        name in ("*", user.role_arn, user.account) or name.endswith(f":iam::{user.account}:root")
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


def _known_conditions(key_arn: str, user: KeyUser) -> dict[str, str]:
    """What is known of the calls that EBS makes with a key on behalf of its user."""
    return {
        "kms:calleraccount": user.account,
        "aws:principalaccount": user.account,
        "aws:principalarn": user.role_arn,
        "kms:viaservice": f"ec2.{key_arn.split(':')[3]}.amazonaws.com",
        "kms:grantisforawsresource": "true",
        "aws:securetransport": "true",
    }


def _listed(actions: list[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions)
