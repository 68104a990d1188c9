"""Hypothesis strategies that follow botocore's shapes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

# XML 1.0 and HTTP headers cannot carry control characters; what a member of the body holds is free otherwise.
TEXTS = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=",")
HEADER_TEXTS = st.text(PRINTABLE, min_size=1)
METADATA_NAMES = st.text(st.characters(min_codepoint=0x61, max_codepoint=0x7A), min_size=1)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def values_of(shape: Shape, depth: int = 0) -> SearchStrategy[Any]:
    """Values that the shape takes; recursion ends after a few levels."""
    if isinstance(shape, StructureShape):
        return structures(shape, depth)
    if isinstance(shape, ListShape):
        return st.lists(values_of(shape.member, depth + 1), min_size=1, max_size=3)
    if isinstance(shape, MapShape):
        return st.dictionaries(TEXTS, values_of(shape.value, depth + 1), min_size=1, max_size=3)
    if getattr(shape, "enum", None):
        return st.sampled_from(shape.enum)
    return {
        "boolean": st.booleans(),
        "blob": st.binary(min_size=1, max_size=20),
        "double": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**53), 2**53),
        "string": TEXTS,
        "timestamp": MOMENTS,
    }[shape.type_name]


def structures(shape: StructureShape, depth: int = 0) -> SearchStrategy[dict[str, Any]]:
    """Members of a structure: the required ones and some of the others."""
    if depth > 3:
        return st.just({})
    if shape.is_tagged_union:
        return st.one_of(
            *(st.fixed_dictionaries({name: _member(shape, name, depth)}) for name in shape.members)
        )
    required = {name: _member(shape, name, depth) for name in shape.required_members}
    optional = {name: _member(shape, name, depth) for name in shape.members if name not in required}
    return st.fixed_dictionaries(required, optional=optional).map(_without_streams(shape))


def _member(shape: StructureShape, name: str, depth: int) -> SearchStrategy[Any]:
    member = shape.members[name]
    location = member.serialization.get("location")
    is_free_text = member.type_name == "string" and not getattr(member, "enum", None)
    if location in ("header", "uri", "querystring") and is_free_text:
        return HEADER_TEXTS
    if location == "headers":
        return st.dictionaries(METADATA_NAMES, HEADER_TEXTS, max_size=2)
    return values_of(member, depth + 1)


def _without_streams(shape: StructureShape) -> Any:
    streams = [name for name, member in shape.members.items() if member.serialization.get("streaming")]
    return lambda found: {name: value for name, value in found.items() if name not in streams}
