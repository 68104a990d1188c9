"""CBOR as RFC 8949 has it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmie_local.front_door.wire import cbor

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    ),
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(DOCUMENTS)
def test_what_is_written_is_read_again(document: Any) -> None:
    assert cbor.decode(cbor.encode(document)) == document


@pytest.mark.parametrize(
    ("raw", "value"),
    [  # from the RFC's appendix A
        ("00", 0),
        ("1864", 100),
        ("1b000000e8d4a51000", 1000000000000),
        ("3903e7", -1000),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("f4", False),
        ("f6", None),
        ("f7", None),
        ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("8301820203820405", [1, [2, 3], [4, 5]]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_the_examples_of_the_standard(raw: str, value: Any) -> None:
    assert cbor.decode(bytes.fromhex(raw)) == value


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ff",
        "18",
        "62c3",
        "41",
        "8201",
        "bf6161ff",
        "1c",
        "f8ff",
        "62ffff",
        "1f",
        "a18000",
        "c11bffffffffffffffff",
        "81" * 5000,
    ],
)
def test_what_is_none_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="no valid CBOR"):
        cbor.decode(bytes.fromhex(raw))


@given(st.binary(max_size=40))
def test_no_input_breaks_the_reader(raw: bytes) -> None:
    with suppress(ValueError):
        cbor.decode(raw)


def test_what_has_no_place_is_refused():
    with pytest.raises(TypeError, match="set cannot be written"):
        cbor.encode({1})
