from benchmarks import polling_model
from vmie_runtime.polling import LONGEST_SECONDS, SHORTEST_SECONDS


def test_looks_begin_with_the_shortest_interval_and_end_after_the_task() -> None:
    ages = polling_model.poll_ages(100)

    # 20 s, then 20 + 20 // 16, 20 + 41 // 16, 20 + 63 // 16, 20 + 86 // 16 seconds later
    assert ages == [20, 41, 63, 86, 111]


def test_a_task_that_ends_with_a_look_needs_no_further_one() -> None:
    assert polling_model.poll_ages(41) == [20, 41]


def test_an_old_task_is_looked_at_at_the_longest_interval() -> None:
    ages = polling_model.poll_ages(7200)

    assert ages[-1] - ages[-2] == LONGEST_SECONDS
    assert ages[0] == SHORTEST_SECONDS


def test_detection_keeps_the_bounds_of_the_design() -> None:
    for shortest, longest in ((60, 600), (1200, 2400), (3600, 36000)):
        seen = polling_model.detection(shortest, longest)

        assert seen.mean <= 30
        assert seen.worst <= 60


def test_a_half_hour_task_is_looked_at_forty_two_times() -> None:
    assert polling_model.polls_of(1800) == 42


def test_the_next_look_follows_the_last_one_by_its_interval() -> None:
    assert polling_model.next_look(1041, started=1000, end=1050) == 1063


def test_a_look_that_comes_before_the_end_is_followed_by_another() -> None:
    assert polling_model.next_look(1041, started=1000, end=1070) == 1086
