"""The shapes that requests are validated against: botocore's, narrowed by what AWS documents in prose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from vmie_runtime.request_documents.documented import FACTS

_SHAPES = Path(__file__).with_name("shapes.json")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a value must look like.

    Attributes:
        type: `structure`, `map`, `list`, `string`, `integer`, `long`, `double`, `boolean` or `timestamp`.
        members: A structure's keys.
        required: Those that must be there.
        element: What a list, or the values of a map, hold.
        values: The strings that are taken; empty where any is.
        any_case: Whether `values` are taken in any case.
        pattern: A regular expression that a string matches whole.
        meaning: The pattern in words, such as `an AMI's id (ami-…)`; of `values`, what to do for another one.
        minimum: Least number, or length of a string.
        maximum: Greatest number, or length of a string.
        sensitive: Whether no message may repeat the value.
    """

    type: str
    members: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    element: Shape | None = None
    values: tuple[str, ...] = ()
    any_case: bool = False
    pattern: str = ""
    meaning: str = ""
    minimum: int | None = None
    maximum: int | None = None
    sensitive: bool = False


@cache
def operation_shape(operation: str) -> Shape:
    """The input of an API operation, such as `ImportImage`."""
    return _built(_model()["operations"][operation], "", sensitive=False)


def structure(of: Shape, *, keep: tuple[str, ...], required: tuple[str, ...] = ()) -> Shape:
    """A structure with some of another one's keys."""
    return replace(of, members={name: of.members[name] for name in keep}, required=required)


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(_SHAPES.read_text(encoding="utf-8"))
    return model


def _built(name: str, member_of: str, *, sensitive: bool) -> Shape:
    """A shape of the model; what is documented of a shape, or of a member, stands above what is modelled."""
    entry = _model()["shapes"][name]
    sensitive = sensitive or entry.get("sensitive", False)
    members = {
        each: _built(kind, f"{name}.{each}", sensitive=sensitive)
        for each, kind in entry.get("members", {}).items()
    }
    modelled = Shape(
        type=entry["type"],
        members=members,
        required=tuple(entry.get("required", ())),
        element=_built(entry["member"], "", sensitive=sensitive) if "member" in entry else None,
        values=tuple(entry.get("enum", ())),
        minimum=entry.get("min"),
        maximum=entry.get("max"),
        sensitive=sensitive,
    )
    return replace(modelled, **{**FACTS.get(name, {}), **FACTS.get(member_of, {})})
