"""The order in which resources are created."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.template import ResourceTemplate

_PLACEHOLDER = re.compile(r"\$\{([^!}.]+)[^}]*\}")


def dependencies(resource: ResourceTemplate, present: Mapping[str, Any]) -> tuple[str, ...]:
    """The logical ids, among those present, that a resource needs first."""
    named = {*resource.depends_on, *_references(resource.properties)}
    return tuple(sorted(name for name in named if name in present and name != resource.logical_id))


def creation_order(resources: Mapping[str, ResourceTemplate]) -> list[str]:
    """Logical ids so that each comes after what it depends on, otherwise in the template's order.

    Raises:
        TemplateError: If resources depend on each other in a circle.
    """
    sorter = TopologicalSorter({name: dependencies(one, resources) for name, one in resources.items()})
    position = {name: number for number, name in enumerate(resources)}
    try:
        sorter.prepare()
    except CycleError as error:
        raise TemplateError(f"Circular dependency between resources: {sorted(set(error.args[1]))}") from error
    order: list[str] = []
    while sorter.is_active():
        for name in sorted(sorter.get_ready(), key=position.__getitem__):
            order.append(name)
            sorter.done(name)
    return order


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for member in value:
            yield from _references(member)
    elif isinstance(value, dict):
        for key, member in value.items():
            if key == "Ref" and isinstance(member, str):
                yield member
            elif key == "Fn::GetAtt":
                yield member.split(".")[0] if isinstance(member, str) else member[0]
            elif key == "Fn::Sub":
                yield from _substitutions(member)
            else:
                yield from _references(member)


def _substitutions(argument: Any) -> Iterator[str]:
    text, names = (argument, {}) if isinstance(argument, str) else argument
    yield from (name.strip() for name in _PLACEHOLDER.findall(text) if name.strip() not in names)
    yield from _references(names)
