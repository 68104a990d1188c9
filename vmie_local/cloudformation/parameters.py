"""Template parameters: their values, types and constraints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.cloudformation.errors import TemplateError

_SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(?P<type>.+)>$")
_LISTS = re.compile(r"CommaDelimitedList$|List<.+>$")


@dataclass(frozen=True)
class Parameter:
    """The value of one parameter.

    Attributes:
        given: What the caller or the default says; for an SSM parameter its name.
        value: What `Ref` returns: text, or a list of texts.
        resolved: The value of the SSM parameter, if it is one.
        hidden: NoEcho: never shown.
    """

    given: str
    value: str | list[str]
    resolved: str | None = None
    hidden: bool = False


def resolve(
    declared: Mapping[str, Mapping[str, Any]],
    given: list[dict[str, Any]],
    previous: Mapping[str, Parameter],
    ssm_value: Callable[[str], str],
) -> dict[str, Parameter]:
    """The values of a template's parameters.

    Args:
        declared: The template's `Parameters`.
        given: The call's `Parameters`.
        previous: The stack's parameters before, for `UsePreviousValue`.
        ssm_value: Reads an SSM parameter by name.

    Raises:
        TemplateError: If a value is missing, undeclared or breaks a constraint.
    """
    values = {entry["ParameterKey"]: entry for entry in given}
    if unknown := sorted(set(values) - set(declared)):
        raise TemplateError(f"Parameters: {unknown} do not exist in the template")
    found, missing = {}, []
    for name, declaration in declared.items():
        entry = values.get(name, {})
        if entry.get("UsePreviousValue") and name in previous:
            text: str | None = previous[name].given
        else:
            text = entry.get("ParameterValue", declaration.get("Default"))
        if text is None:
            missing.append(name)
        else:
            found[name] = _parameter(name, declaration, _text(text), ssm_value)
    if missing:
        raise TemplateError(f"Parameters: {missing} must have values")
    return found


def _parameter(
    name: str, declaration: Mapping[str, Any], text: str, ssm_value: Callable[[str], str]
) -> Parameter:
    kind = declaration.get("Type", "String")
    hidden = str(declaration.get("NoEcho", "false")).lower() == "true"
    _check(name, declaration, kind, text)
    if of_ssm := _SSM_VALUE.match(kind):
        resolved = ssm_value(text)
        return Parameter(text, _typed(of_ssm["type"], resolved), resolved, hidden)
    return Parameter(text, _typed(kind, text), None, hidden)


def _typed(kind: str, text: str) -> str | list[str]:
    if _LISTS.match(kind):
        return [part.strip() for part in text.split(",")] if text else []
    return text


def _check(name: str, declaration: Mapping[str, Any], kind: str, text: str) -> None:
    constraint = declaration.get("ConstraintDescription")

    def fail(rule: str) -> TemplateError:
        return TemplateError(
            f"Parameter '{name}' must be {constraint}" if constraint else f"Parameter '{name}' {rule}"
        )

    members = text.split(",") if _LISTS.match(kind) else [text]
    if (allowed := declaration.get("AllowedValues")) and not set(members) <= {
        _text(value) for value in allowed
    }:
        raise fail(f"must be one of AllowedValues {allowed}, not {text!r}")
    if (pattern := declaration.get("AllowedPattern")) and not all(
        re.fullmatch(pattern, one) for one in members
    ):
        raise fail(f"must match pattern {pattern}, not {text!r}")
    if len(text) < int(declaration.get("MinLength", 0)) or len(text) > int(
        declaration.get("MaxLength", 4096)
    ):
        raise fail(f"has {len(text)} characters, outside MinLength and MaxLength")
    if kind in ("Number", "List<Number>"):
        _check_numbers(declaration, members, fail)


def _check_numbers(
    declaration: Mapping[str, Any], members: list[str], fail: Callable[[str], TemplateError]
) -> None:
    for member in members:
        try:
            number = float(member)
        except ValueError:
            raise fail(f"must be a number, not {member!r}") from None
        if number < float(declaration.get("MinValue", "-inf")) or number > float(
            declaration.get("MaxValue", "inf")
        ):
            raise fail(f"must be between MinValue and MaxValue, not {member}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
