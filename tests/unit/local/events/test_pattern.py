from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmie_local.events.pattern import EventPattern, EventPatternError

UPLOAD = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "resources": ["arn:aws:s3:::bucket"],
    "detail": {
        "bucket": {"name": "bucket"},
        "object": {"key": "images/Web Server.OVA", "size": 5, "etag": None, "tags": []},
        "reason": "PutObject",
        "source-ip-address": "10.1.2.3",
        "encrypted": True,
    },
}


def matches(detail: dict[str, Any]) -> bool:
    return EventPattern({"source": ["aws.s3"], "detail": detail}).matches(UPLOAD)


@pytest.mark.parametrize(
    "wanted",
    [
        [{"prefix": "images/"}],
        [{"suffix": ".OVA"}],
        [{"suffix": {"equals-ignore-case": ".ova"}}],
        [{"prefix": {"equals-ignore-case": "IMAGES/"}}],
        [{"equals-ignore-case": "IMAGES/web server.ova"}],
        [{"wildcard": "images/*.OVA"}],
        [{"wildcard": "*Server*"}],
        ["images/Web Server.OVA"],
        ["something else", {"suffix": ".OVA"}],
        [{"anything-but": "images/"}],
        [{"anything-but": ["results/a", "results/b"]}],
        [{"anything-but": {"prefix": "results/"}}],
        [{"anything-but": {"prefix": ["results/", "exports/"]}}],
        [{"anything-but": {"suffix": "/"}}],
        [{"anything-but": {"wildcard": "results/*"}}],
        [{"anything-but": {"equals-ignore-case": ["x"]}}],
        [{"exists": True}],
    ],
)
def test_key_fits(wanted: list[Any]) -> None:
    assert matches({"object": {"key": wanted}})


@pytest.mark.parametrize(
    "wanted",
    [
        [{"prefix": "Images/"}],
        [{"suffix": ".ova"}],
        [{"wildcard": "images/*.ova"}],
        [{"anything-but": "images/Web Server.OVA"}],
        [{"anything-but": {"prefix": "images/"}}],
        [{"anything-but": {"suffix": [".vmdk", ".OVA"]}}],
        [{"exists": False}],
        [{"numeric": [">", 0]}],
    ],
)
def test_key_does_not_fit(wanted: list[Any]) -> None:
    assert not matches({"object": {"key": wanted}})


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ([{"numeric": [">", 0]}], True),
        ([{"numeric": [">", 0, "<=", 5]}], True),
        ([{"numeric": ["=", 5.0]}], True),
        ([{"numeric": [">", 5]}], False),
        ([5], True),
        (["5"], False),
        ([{"anything-but": 5}], False),
        ([{"anything-but": [4, 6]}], True),
    ],
)
def test_numbers_are_compared_as_numbers(wanted: list[Any], fits: bool) -> None:
    assert matches({"object": {"size": wanted}}) is fits


def test_true_is_not_one() -> None:
    assert matches({"encrypted": [True]})
    assert not matches({"encrypted": [1]})


def test_null_exists_and_matches_null_only() -> None:
    assert matches({"object": {"etag": [None]}})
    assert matches({"object": {"etag": [{"exists": True}]}})
    assert not matches({"object": {"version-id": [None]}})


def test_only_leaves_exist() -> None:
    assert matches({"object": [{"exists": False}]})
    assert matches({"object": {"tags": [{"exists": False}]}})
    assert matches({"object": {"version-id": [{"exists": False}]}})


def test_an_absent_field_is_not_anything_but() -> None:
    assert not matches({"object": {"version-id": [{"anything-but": "null"}]}})


def test_arrays_match_by_any_item() -> None:
    assert EventPattern({"resources": ["arn:aws:s3:::bucket", "other"]}).matches(UPLOAD)
    event = {"detail": {"tags": ["a", "b"]}}
    assert EventPattern({"detail": {"tags": [{"anything-but": "a"}]}}).matches(event)
    assert not EventPattern({"detail": {"tags": [{"anything-but": ["a", "b"]}]}}).matches(event)


def test_fields_of_objects_in_an_array_belong_together() -> None:
    disks = {"detail": {"disks": [{"format": "vmdk", "size": 1}, {"format": "raw", "size": 9}]}}
    assert EventPattern({"detail": {"disks": {"format": ["raw"], "size": [9]}}}).matches(disks)
    assert not EventPattern({"detail": {"disks": {"format": ["raw"], "size": [1]}}}).matches(disks)


def test_or_needs_one_branch_beside_the_other_fields() -> None:
    either = [{"object": {"size": [{"numeric": [">", 100]}]}}, {"reason": ["PutObject"]}]
    assert matches({"bucket": {"name": ["bucket"]}, "$or": either})
    assert not matches({"bucket": {"name": ["other"]}, "$or": either})
    assert not matches({"$or": [either[0], {"reason": ["CopyObject"]}]})


def test_addresses_match_by_block() -> None:
    assert matches({"source-ip-address": [{"cidr": "10.0.0.0/8"}]})
    assert not matches({"source-ip-address": [{"cidr": "192.168.0.0/16"}]})


def test_wildcards_can_be_escaped() -> None:
    pattern = EventPattern({"detail": {"key": [{"wildcard": "a\\*b*"}]}})
    assert pattern.matches({"detail": {"key": "a*bc"}})
    assert not pattern.matches({"detail": {"key": "axbc"}})


@pytest.mark.parametrize(
    "pattern",
    [
        "{",
        "[]",
        "{}",
        '{"source": []}',
        '{"source": "aws.s3"}',
        '{"source": [["aws.s3"]]}',
        '{"source": [{"prefix": 5}]}',
        '{"source": [{"prefix": ["a", "b"]}]}',
        '{"source": [{"starts-with": "a"}]}',
        '{"source": [{"prefix": "a", "suffix": "b"}]}',
        '{"source": [{"exists": "yes"}]}',
        '{"source": [{"numeric": [">"]}]}',
        '{"source": [{"numeric": ["!", 5]}]}',
        '{"source": [{"anything-but": {"exists": true}}]}',
        '{"source": [{"anything-but": []}]}',
        '{"source": [{"wildcard": "a**b"}]}',
        '{"source": [{"cidr": "10.0.0.0/99"}]}',
        '{"$or": [{"source": ["a"]}]}',
    ],
)
def test_misused_operators_are_refused(pattern: str) -> None:
    with pytest.raises(EventPatternError):
        EventPattern(pattern)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    event=st.dictionaries(st.sampled_from(["detail", "source"]), JSON, max_size=2), text=st.text(min_size=1)
)
def test_no_event_breaks_a_pattern(event: dict[str, Any], text: str) -> None:
    wanted = [{"anything-but": {"prefix": text}}, {"numeric": ["<", 0]}, {"exists": True}, text]
    result = EventPattern({"detail": {"key": wanted}, "source": [{"prefix": text}]}).matches(event)
    assert result in (True, False)
