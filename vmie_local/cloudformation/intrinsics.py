"""Intrinsic functions, conditions and dynamic references of a template."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.template import Template

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([^:}]+):([^}]+)\}\}")


class _NoValue:
    """`AWS::NoValue`: the property or list entry is as if it were not there."""


NO_VALUE = _NoValue()


@dataclass(frozen=True)
class Later:
    """A value that nobody knows before the deployment: text that a resource will give itself."""

    source: str

    def __str__(self) -> str:
        return "{{changeSet:KNOWN_AFTER_APPLY}}"


class Scope(Protocol):
    """Where an evaluation finds what the template only names."""

    def pseudo(self, name: str) -> Any:
        """The value of a pseudo parameter such as `AWS::Region`."""

    def parameter(self, name: str) -> Any:
        """The value of a parameter."""

    def ref(self, logical_id: str) -> Any:
        """What `Ref` returns for a resource."""

    def attribute(self, logical_id: str, name: str) -> Any:
        """What `Fn::GetAtt` returns."""

    def import_value(self, name: str) -> Any:
        """The value that another stack exports."""

    def stack_output(self, stack: str, output: str, region: str) -> str:
        """The value of an output of another stack, by the stack's name or id."""

    def zones(self, region: str) -> list[str]:
        """The Availability Zones of a Region."""

    def ssm_value(self, name: str) -> str:
        """The value of an SSM parameter."""


class Evaluator:
    """Resolves the values of one template in one scope."""

    def __init__(self, template: Template, scope: Scope) -> None:
        self._template, self._scope = template, scope
        self._conditions: dict[str, bool] = {}
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::GetStackOutput": self._get_stack_output,
            "Fn::GetAZs": self._zones,
            "Fn::Base64": self._base64,
        }
        self._logic: Mapping[str, Callable[[Any], bool]] = {
            "Condition": self.condition,
            "Fn::Equals": self._equals,
            "Fn::And": lambda members: all(self._truth(member) for member in members),
            "Fn::Or": lambda members: any(self._truth(member) for member in members),
            "Fn::Not": lambda members: not self._truth(members[0]),
        }

    def resolve(self, value: Any) -> Any:
        """The value with every function replaced by its result.

        Raises:
            TemplateError: If a function is unknown or names what does not exist.
        """
        if isinstance(value, dict):
            if len(value) == 1:
                (key,) = value
                if key in self._functions:
                    return self._functions[key](value[key])
                if isinstance(key, str) and key.startswith("Fn::"):
                    raise TemplateError(f"Template error: the local CloudFormation does not implement {key}")
            resolved = {key: self.resolve(member) for key, member in value.items()}
            return {key: member for key, member in resolved.items() if member is not NO_VALUE}
        if isinstance(value, list):
            return [one for one in (self.resolve(member) for member in value) if one is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            return _DYNAMIC.sub(self._dynamic, value)
        return value

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self._template.conditions:
            raise TemplateError(f"Template format error: Unresolved condition {name}")
        if name not in self._conditions:
            self._conditions[name] = self._truth(self._template.conditions[name])
        return self._conditions[name]

    def _truth(self, expression: Any) -> bool:
        if isinstance(expression, dict) and len(expression) == 1:
            (key,) = expression
            if key in self._logic:
                return self._logic[key](expression[key])
        raise TemplateError(f"Template error: {expression} is no condition")

    def _equals(self, members: list[Any]) -> bool:
        left, right = (_text(self.resolve(member)) for member in members)
        return bool(left == right)

    def _if(self, members: list[Any]) -> Any:
        name, then, otherwise = members
        return self.resolve(then if self.condition(name) else otherwise)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name.startswith("AWS::"):
            return self._scope.pseudo(name)
        if name in self._template.parameters:
            return self._scope.parameter(name)
        if name in self._template.resources:
            return self._scope.ref(name)
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{name}] in the template"
        )

    def _get_att(self, target: Any) -> Any:
        logical_id, attribute = target.split(".", 1) if isinstance(target, str) else target
        if logical_id not in self._template.resources:
            raise TemplateError(
                f"Template error: instance of Fn::GetAtt references undefined resource {logical_id}"
            )
        return self._scope.attribute(logical_id, self.resolve(attribute))

    def _join(self, members: list[Any]) -> Any:
        separator, parts = members[0], self.resolve(members[1])
        if isinstance(parts, Later):
            return parts
        return _joined(separator, parts)

    def _sub(self, argument: Any) -> Any:
        text, names = (argument, {}) if isinstance(argument, str) else argument
        local = {name: self.resolve(value) for name, value in names.items()}
        pieces: list[Any] = []
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            pieces.append(text[end : match.start()])
            pieces.append(f"${{{match[2]}}}" if match[1] else self._named(match[2].strip(), local))
            end = match.end()
        return _joined("", [*pieces, text[end:]])

    def _named(self, name: str, local: Mapping[str, Any]) -> Any:
        if name in local:
            return local[name]
        return self._get_att(name) if "." in name and not name.startswith("AWS::") else self._ref(name)

    def _select(self, members: list[Any]) -> Any:
        index, values = int(self.resolve(members[0])), self.resolve(members[1])
        if isinstance(values, Later):
            return values
        if index >= len(values):
            raise TemplateError(
                f"Template error: Fn::Select cannot select nonexistent value at index {index}"
            )
        return values[index]

    def _split(self, members: list[Any]) -> Any:
        separator, text = members[0], self.resolve(members[1])
        return text if isinstance(text, Later) else str(text).split(separator)

    def _find_in_map(self, members: list[Any]) -> Any:
        name, top, second = (self.resolve(member) for member in members)
        try:
            return self.resolve(self._template.mappings[name][_text(top)][_text(second)])
        except KeyError:
            raise TemplateError(
                f"Template error: Unable to get mapping for {name}::{top}::{second}"
            ) from None

    def _import_value(self, name: Any) -> Any:
        return self._scope.import_value(self.resolve(name))

    def _get_stack_output(self, argument: dict[str, Any]) -> str:
        given = self.resolve(argument)
        if given.get("RoleArn"):
            raise TemplateError(
                "Template error: the local CloudFormation reads outputs of its own account only; drop RoleArn"
            )
        region = given.get("Region") or self._scope.pseudo("AWS::Region")
        return self._scope.stack_output(given["StackName"], given["OutputName"], region)

    def _zones(self, region: Any) -> list[str]:
        return self._scope.zones(self.resolve(region) or self._scope.pseudo("AWS::Region"))

    def _base64(self, value: Any) -> Any:
        text = self.resolve(value)
        return text if isinstance(text, Later) else base64.b64encode(str(text).encode()).decode()

    def _dynamic(self, match: re.Match[str]) -> str:
        service, name = match.groups()
        if service != "ssm":
            raise TemplateError(
                f"Template error: the local CloudFormation cannot resolve the dynamic reference {match[0]}"
            )
        return self._scope.ssm_value(name)


def _joined(separator: str, parts: list[Any]) -> Any:
    for part in parts:
        if isinstance(part, Later):
            return part
        if isinstance(part, dict | list):
            raise TemplateError(f"Template error: text was expected, not {part}")
    return separator.join(_text(part) for part in parts)


def _text(value: Any) -> Any:
    """Scalars are text in CloudFormation: 5 and "5" are equal."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
