from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime.polling import poll_interval

ages = st.floats(min_value=0, max_value=10**7)


@given(ages, ages)
def test_an_older_task_is_never_polled_more_often(one, other):
    assert (poll_interval(min(one, other))) <= poll_interval(max(one, other))


@given(ages)
def test_the_end_is_seen_within_a_minute_and_half_of_that_on_average(age):
    assert poll_interval(age) + 5 <= 60  # five seconds for the call itself
    assert poll_interval(age) / 2 + 5 <= 30


def test_a_clock_that_went_back_does_not_stop_polling():
    assert poll_interval(-30) == poll_interval(0)
