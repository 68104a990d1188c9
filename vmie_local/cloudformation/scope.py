"""What a template's functions see: during a deployment, and before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vmie_local.cloudformation.errors import ResourceFailedError, TemplateError
from vmie_local.cloudformation.intrinsics import NO_VALUE, Later
from vmie_local.cloudformation.parameters import Parameter
from vmie_local.cloudformation.stack import Resource, Stack

_DNS_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}


def partition_of(region: str) -> str:
    """The partition of a Region: `aws`, `aws-cn` or `aws-us-gov`."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True)
class Surroundings:
    """What lies outside the stack.

    Attributes:
        ssm_value: Reads an SSM parameter; raises TemplateError if there is none.
        zones: The Availability Zones of a Region.
        export: The value of another stack's export; raises TemplateError if there is none.
        stack_output: The value of a stack's output; raises TemplateError if there is none.
    """

    ssm_value: Callable[[str], str]
    zones: Callable[[str], list[str]]
    export: Callable[[str], str]
    stack_output: Callable[[str, str, str], str]


@dataclass
class StackScope:
    """The scope of a running deployment: resources have the values they have now."""

    stack: Stack
    parameters: Mapping[str, Parameter]
    resources: Mapping[str, Resource]
    surroundings: Surroundings
    imports: set[str] = field(default_factory=set)

    def pseudo(self, name: str) -> Any:
        """The value of a pseudo parameter."""
        partition = partition_of(self.stack.region)
        values: dict[str, Any] = {
            "AWS::AccountId": self.stack.account,
            "AWS::Region": self.stack.region,
            "AWS::Partition": partition,
            "AWS::URLSuffix": _DNS_SUFFIXES.get(partition, "amazonaws.com"),
            "AWS::StackName": self.stack.name,
            "AWS::StackId": self.stack.id,
            "AWS::NotificationARNs": self.stack.notification_arns,
            "AWS::NoValue": NO_VALUE,
        }
        if name not in values:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{name}] in the template"
            )
        return values[name]

    def parameter(self, name: str) -> Any:
        """The value of a parameter."""
        return self.parameters[name].value

    def ref(self, logical_id: str) -> Any:
        """What `Ref` returns for a resource."""
        return self._resource(logical_id).ref

    def attribute(self, logical_id: str, name: str) -> Any:
        """What `Fn::GetAtt` returns."""
        resource = self._resource(logical_id)
        value: Any = resource.attributes
        # Custom resources may answer nested data: GetAtt with a dotted name reaches into it.
        for part in [name] if name in resource.attributes else name.split("."):
            if not isinstance(value, Mapping) or part not in value:
                raise TemplateError(
                    f"Template error: resource {logical_id} ({resource.type}) does not support attribute "
                    f"{name} in Fn::GetAtt; it has {', '.join(sorted(resource.attributes)) or 'none'}"
                )
            value = value[part]
        return value

    def import_value(self, name: str) -> Any:
        """The value that another stack exports."""
        value = self.surroundings.export(name)
        self.imports.add(name)
        return value

    def stack_output(self, stack: str, output: str, region: str) -> str:
        """The value of an output of another stack, which nothing protects."""
        return self.surroundings.stack_output(stack, output, region)

    def zones(self, region: str) -> list[str]:
        """The Availability Zones of a Region."""
        return self.surroundings.zones(region)

    def ssm_value(self, name: str) -> str:
        """The value of an SSM parameter."""
        return self.surroundings.ssm_value(name)

    def _resource(self, logical_id: str) -> Resource:
        if logical_id not in self.resources:
            raise ResourceFailedError(f"Unresolved resource dependencies [{logical_id}]: it was not created")
        return self.resources[logical_id]


@dataclass
class PreviewScope(StackScope):
    """The scope of a change set: what will be made or replaced has no values yet.

    Attributes:
        unknown: Logical ids of which neither the id nor the attributes are known.
        unknown_attributes: Logical ids of which only the id is known.
    """

    unknown: set[str] = field(default_factory=set)
    unknown_attributes: set[str] = field(default_factory=set)

    def ref(self, logical_id: str) -> Any:
        """What `Ref` will return, if it is known."""
        return Later(logical_id) if self._is_unknown(logical_id) else super().ref(logical_id)

    def attribute(self, logical_id: str, name: str) -> Any:
        """What `Fn::GetAtt` will return, if it is known."""
        if logical_id in self.unknown_attributes or self._is_unknown(logical_id):
            return Later(f"{logical_id}.{name}")
        return super().attribute(logical_id, name)

    def _is_unknown(self, logical_id: str) -> bool:
        return logical_id in self.unknown or logical_id not in self.resources
