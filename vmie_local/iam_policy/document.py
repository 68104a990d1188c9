"""Policy documents as a model."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Effect = Literal["Allow", "Deny"]

CURRENT_VERSION: Final = "2012-10-17"
_VERSIONS = (CURRENT_VERSION, "2008-10-17")
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")


_PRINCIPALS = ("Principal", "NotPrincipal")
_RESOURCES = ("Resource", "NotResource")
_ELEMENTS = frozenset({_PRINCIPALS, _RESOURCES})


class PolicyError(ValueError):
    """A document is not a policy; the message names the place and what is allowed there."""


@dataclass(frozen=True)
class _Kind:
    """A kind of policy: its name, and the elements each statement has besides the actions."""

    name: str
    elements: tuple[tuple[str, str], ...]


_IDENTITY = _Kind("An identity policy", (_RESOURCES,))
_TRUST = _Kind("A trust policy", (_PRINCIPALS,))
_RESOURCE = _Kind("A policy of a resource", (_PRINCIPALS, _RESOURCES))


@dataclass(frozen=True)
class Condition:
    """One key under one operator.

    Attributes:
        operator: The operator without set qualifier and suffix, such as `StringLike`.
        key: The condition key, as written.
        values: The values of the policy.
        quantifier: `ForAllValues`, `ForAnyValue` or None.
        if_exists: Whether the operator ends with `IfExists`.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Literal["ForAllValues", "ForAnyValue"] | None = None
    if_exists: bool = False


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        effect: `Allow` or `Deny`.
        index: Its place in the document, from 0.
        policy: The name of its policy, where one is known.
        sid: Its `Sid`, or None.
        actions: What it is about.
        not_actions: What it is not about; one of the two is None.
        resources: The resources it covers; None in a trust policy.
        not_resources: The resources it does not cover, or None.
        principals: Of a trust policy: type to identifiers, as `{"Service": ("vmie.amazonaws.com",)}`; `*`
            alone is `{"AWS": ("*",), "Service": ("*",)}`.
        not_principals: The principals it does not cover, or None.
        conditions: All of them must hold.
        variables: Whether `${…}` is replaced, which depends on the policy's version.
    """

    effect: Effect
    index: int
    policy: str = ""
    sid: str | None = None
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principals: Mapping[str, tuple[str, ...]] | None = None
    not_principals: Mapping[str, tuple[str, ...]] | None = None
    conditions: tuple[Condition, ...] = field(default=())
    variables: bool = True

    def __str__(self) -> str:
        name = f"statement {self.sid}" if self.sid else f"statement {self.index + 1}"
        return f"{name} of {self.policy}" if self.policy else name


@dataclass(frozen=True)
class PolicyDocument:
    """A parsed policy.

    Attributes:
        statements: In the order of the document.
        name: The policy's name, where one is known.
    """

    statements: tuple[Statement, ...]
    name: str = ""


def parse_policy(document: str | Mapping[str, Any], name: str = "") -> PolicyDocument:
    """An identity policy.

    Args:
        document: JSON text, or the same as dictionaries and lists.
        name: What decisions call the policy. Default: nothing.

    Raises:
        PolicyError: If it is no policy.
    """
    return _parse(document, name, _IDENTITY)


def parse_trust_policy(document: str | Mapping[str, Any], name: str = "") -> PolicyDocument:
    """A role's trust policy: it has principals and no resources.

    Args:
        document: JSON text, or the same as dictionaries and lists.
        name: What decisions call the policy. Default: nothing.

    Raises:
        PolicyError: If it is no trust policy.
    """
    return _parse(document, name, _TRUST)


def parse_resource_policy(document: str | Mapping[str, Any], name: str = "") -> PolicyDocument:
    """A policy attached to a resource, such as a key: it has principals and resources.

    Args:
        document: JSON text, or the same as dictionaries and lists.
        name: What decisions call the policy. Default: nothing.

    Raises:
        PolicyError: If it is no such policy.
    """
    return _parse(document, name, _RESOURCE)


def _parse(document: str | Mapping[str, Any], name: str, kind: _Kind) -> PolicyDocument:
    return _cached(document if isinstance(document, str) else json.dumps(document), name, kind)


@functools.lru_cache(maxsize=2048)
def _cached(text: str, name: str, kind: _Kind) -> PolicyDocument:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise PolicyError(f"The policy is no valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise PolicyError("A policy is a JSON object with a Statement.")
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise PolicyError(f"Version must be one of {', '.join(_VERSIONS)}, not {version!r}.")
    given = document.get("Statement")
    statements = given if isinstance(given, list) else [given]
    if not statements or not all(isinstance(statement, dict) for statement in statements):
        raise PolicyError("Statement must be an object or a list of objects, and there must be one.")
    parsed = [
        _statement(statement, index, name, kind, variables=version == CURRENT_VERSION)
        for index, statement in enumerate(statements)
    ]
    return PolicyDocument(tuple(parsed), name)


def _statement(given: dict[str, Any], index: int, name: str, kind: _Kind, *, variables: bool) -> Statement:
    place = f"Statement {index + 1}"
    effect = given.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{place}: Effect must be Allow or Deny, not {effect!r}.")
    for yes, no in (("Action", "NotAction"), *kind.elements):
        if (yes in given) == (no in given):
            raise PolicyError(f"{place}: there must be either {yes} or {no}.")
    stray = {yes_or_no for pair in _ELEMENTS - set(kind.elements) for yes_or_no in pair} & given.keys()
    if stray:
        raise PolicyError(f"{place}: {kind.name} has no {' or '.join(sorted(stray))}.")
    return Statement(
        effect=effect,
        index=index,
        policy=name,
        sid=given.get("Sid"),
        actions=_texts(given, "Action", place),
        not_actions=_texts(given, "NotAction", place),
        resources=_texts(given, "Resource", place),
        not_resources=_texts(given, "NotResource", place),
        principals=_principals(given, "Principal", place),
        not_principals=_principals(given, "NotPrincipal", place),
        conditions=_conditions(given.get("Condition", {}), place),
        variables=variables,
    )


def _texts(given: Mapping[str, Any], element: str, place: str) -> tuple[str, ...] | None:
    if element not in given:
        return None
    value = given[element]
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise PolicyError(f"{place}: {element} must be a text or a list of texts.")
    return tuple(values)


def _principals(given: dict[str, Any], element: str, place: str) -> Mapping[str, tuple[str, ...]] | None:
    if element not in given:
        return None
    value = given[element]
    if value == "*":
        return {"AWS": ("*",), "Service": ("*",)}
    if not isinstance(value, dict) or not value.keys() <= set(_PRINCIPAL_TYPES):
        raise PolicyError(f"{place}: {element} must be * or an object of {', '.join(_PRINCIPAL_TYPES)}.")
    return {kind: _texts(value, kind, f"{place}, {element}") or () for kind in value}


def _conditions(given: Any, place: str) -> tuple[Condition, ...]:
    from vmie_local.iam_policy.conditions import OPERATORS

    if not isinstance(given, dict) or not all(isinstance(tests, dict) for tests in given.values()):
        raise PolicyError(f"{place}: Condition must be an object of operators, each an object of keys.")
    found = []
    for written, tests in given.items():
        quantifier, _, rest = written.rpartition(":")
        operator = rest.removesuffix("IfExists")
        if operator not in OPERATORS or quantifier not in ("", "ForAllValues", "ForAnyValue"):
            raise PolicyError(f"{place}: there is no condition operator {written}.")
        for key, wanted in tests.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            if not all(isinstance(value, str | bool | int | float) for value in values):
                raise PolicyError(f"{place}: {written} {key} must be a text or a list of texts.")
            texts = tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
            found.append(
                Condition(operator, key, texts, quantifier or None, if_exists=rest.endswith("IfExists"))
            )
    return tuple(found)
