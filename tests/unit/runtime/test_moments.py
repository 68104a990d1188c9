from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime.moments import after, in_words, length_in_words, normalise, parse, seconds_between, text

moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))


def test_every_spelling_of_a_moment_becomes_the_same_text():
    assert {
        normalise(spelling)
        for spelling in ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00.000Z", "2026-11-20T11:00:00+01:00")
    } == {"2026-11-20T10:00:00.000Z"}


@given(moments, moments)
def test_texts_sort_as_the_moments_do(one, other):
    one, other = parse(text(one)), parse(text(other))
    assert (text(one) < text(other)) == (one < other)


@given(moments, st.integers(min_value=0, max_value=10**7))
def test_later_is_as_much_later_as_said(moment, seconds):
    start = text(moment)
    assert seconds_between(start, after(start, seconds)) == seconds


def test_a_moment_is_read_by_people_too():
    assert in_words("2026-11-20T11:00:00.900+01:00") == "2026-11-20 10:00:00 UTC"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (14_401, "4 hours"),
    ],
)
def test_a_length_is_told_in_hours_and_minutes(seconds: float, words: str):
    assert length_in_words(seconds) == words
