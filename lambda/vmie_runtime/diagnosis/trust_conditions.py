"""Conditions of a trust policy against what VM Import/Export presents when it assumes a role."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate

EXTERNAL_ID = "vmimport"


@dataclass(frozen=True, kw_only=True)
class AssumeRoleCall:
    """A call of `sts:AssumeRole` by VM Import/Export.

    The user guide names what it presents: the external id, `aws:SourceAccount` and `aws:SourceArn`; of the
    ARN it shows `arn:aws:vmie:*:<account>:*`, so what follows the account is not known here.
    """

    account: str
    region: str
    partition: str = "aws"

    @property
    def source_arn_prefix(self) -> str:
        """The known part of `aws:SourceArn`."""
        return f"arn:{self.partition}:vmie:{self.region}:{self.account}:"

    def value(self, key: str) -> str | None:
        """The value of a condition key, `None` where it is not known."""
        return {
            "sts:externalid": EXTERNAL_ID,
            "aws:sourceaccount": self.account,
            "aws:principalisawsservice": "true",
            "aws:principalservicename": "vmie.amazonaws.com",
        }.get(key.lower())


def condition_holds(operator: str, key: str, values: list[str], call: AssumeRoleCall) -> bool | None:
    """Whether one key of a condition block holds for the call.

    Args:
        operator: As written in the policy, such as `StringEquals` or `ForAnyValue:StringLikeIfExists`.
        key: The condition key.
        values: The policy's values, of which one has to match.
        call: What the service presents.

    Returns:
        `None` where the operator, the key or the values are not known here.
    """
    # The service presents one value per key, and every key this reader knows is there.
    name = re.sub(r"^For(?:Any|All)Values?:|IfExists$", "", operator, flags=re.IGNORECASE).lower()
    negated = "not" in name
    comparison = name.replace("not", "", 1)
    if any("${" in value for value in values):
        return None
    if key.lower() == "aws:sourcearn":
        matched = _source_arn_matches(comparison, values, call)
    else:
        matched = _value_matches(comparison, values, call.value(key))
    return matched if matched is None else matched is not negated


def _value_matches(comparison: str, values: list[str], presented: str | None) -> bool | None:
    if presented is None:
        return None
    if comparison == "null":
        return all(value.lower() == "false" for value in values)
    if comparison == "stringequals":
        return presented in values
    if comparison in ("stringequalsignorecase", "bool"):
        return presented.lower() in [value.lower() for value in values]
    if comparison == "stringlike":
        return any(_glob(value).fullmatch(presented) for value in values)
    return None


def _source_arn_matches(comparison: str, values: list[str], call: AssumeRoleCall) -> bool | None:
    if comparison == "null":
        return all(value.lower() == "false" for value in values)
    if comparison == "stringequals":
        # Wildcards are letters to StringEquals; whether a whole ARN is the one presented is not known.
        return None if any(value.startswith(call.source_arn_prefix) for value in values) else False
    if comparison in ("arnlike", "arnequals"):
        possible = [value for value in values if _arn_segments_match(value, call.source_arn_prefix)]
    elif comparison == "stringlike":
        possible = [value for value in values if _may_begin_with(value, call.source_arn_prefix)]
    else:
        return None
    if not possible:
        return False
    # Only a pattern that leaves the unknown rest open is certain to match.
    return True if any(value.endswith("*") for value in possible) else None


def _arn_segments_match(pattern: str, prefix: str) -> bool:
    if pattern == "*":
        return True
    wanted, known = pattern.split(":", 5), prefix.split(":", 5)
    return len(wanted) == 6 and all(
        _glob(one).fullmatch(other) for one, other in zip(wanted[:5], known[:5], strict=True)
    )


def _may_begin_with(pattern: str, prefix: str) -> bool:
    """Whether some text that begins with the prefix matches the pattern."""
    reached = {0}
    for letter in prefix:
        following = set()
        for position in reached:
            while position < len(pattern) and pattern[position] == "*":
                following.add(position)
                position += 1
            if position < len(pattern) and pattern[position] in (letter, "?"):
                following.add(position + 1)
        reached = following
    return bool(reached)


def _glob(pattern: str) -> re.Pattern[str]:
    # IAM knows * and ? only; fnmatch's brackets are letters here.
    return re.compile(translate(pattern.replace("[", "[[]")), re.DOTALL)
