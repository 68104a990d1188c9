"""Lifecycle rules: CloudFormation's flat properties as the S3 API's nested ones."""

from __future__ import annotations

from typing import Any

from vmie_local.cloudformation.api_arguments import text, truth
from vmie_local.cloudformation.errors import UnsupportedError

_KEPT = frozenset({"Status", "AbortIncompleteMultipartUpload"})
_FILTERS = frozenset({"Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan"})


def lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of `LifecycleConfiguration.Rules` as PutBucketLifecycleConfiguration takes it.

    Raises:
        UnsupportedError: If the rule has a property that has no place there.
    """
    made: dict[str, Any] = {"Filter": _filter(rule)}
    expiration: dict[str, Any] = {}
    for name, value in rule.items():
        if name in _KEPT:
            made[name] = value
        elif name == "Id":
            made["ID"] = value
        elif name == "ExpirationInDays":
            expiration["Days"] = value
        elif name == "ExpirationDate":
            expiration["Date"] = value
        elif name == "ExpiredObjectDeleteMarker":
            expiration["ExpiredObjectDeleteMarker"] = truth(value)
        elif name in ("Transition", "Transitions"):
            made["Transitions"] = [
                _transition(one) for one in (value if isinstance(value, list) else [value])
            ]
        elif name == "NoncurrentVersionExpiration":
            made[name] = value
        elif name == "NoncurrentVersionExpirationInDays":
            made["NoncurrentVersionExpiration"] = {"NoncurrentDays": value}
        elif name in ("NoncurrentVersionTransition", "NoncurrentVersionTransitions"):
            members = value if isinstance(value, list) else [value]
            made["NoncurrentVersionTransitions"] = [_noncurrent_transition(one) for one in members]
        elif name not in _FILTERS:
            raise UnsupportedError(f"Encountered unsupported property LifecycleConfiguration.Rules.{name}")
    return {**made, "Expiration": expiration} if expiration else made


def _filter(rule: dict[str, Any]) -> dict[str, Any]:
    conditions: dict[str, Any] = {
        name: int(rule[name]) for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan") if name in rule
    }
    if rule.get("Prefix"):
        conditions["Prefix"] = text(rule["Prefix"])
    tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in rule.get("TagFilters", [])]
    if len(conditions) + len(tags) > 1:
        return {"And": {**conditions, **({"Tags": tags} if tags else {})}}
    if tags:
        return {"Tag": tags[0]}
    return conditions or {"Prefix": ""}


def _transition(one: dict[str, Any]) -> dict[str, Any]:
    names = {"TransitionInDays": "Days", "TransitionDate": "Date"}
    return {names.get(name, name): value for name, value in one.items()}


def _noncurrent_transition(one: dict[str, Any]) -> dict[str, Any]:
    return {("NoncurrentDays" if name == "TransitionInDays" else name): value for name, value in one.items()}
