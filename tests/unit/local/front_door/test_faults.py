"""Faults happen as often as asked for, and wrong ones are refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local.front_door.calls import call
from vmie_local.front_door.api_call import ApiCall, ApiError
from vmie_local.front_door.faults import FaultError, Faults, TaskFault

ERROR = {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded.", "Status": 503}
IMPORT = call("ec2", "ImportImage")


class FakeClock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def faults(clock: FakeClock) -> Faults:
    return Faults(clock)


def strikes(faults: Faults, what: ApiCall = IMPORT) -> str | None:
    try:
        faults.strike(what)
    except ApiError as error:
        return f"{error.status} {error.code}: {error.message}"
    return None


def test_an_error_happens_as_often_as_asked_for(faults: Faults):
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "Times": 2})

    assert [strikes(faults) for _ in range(3)] == [
        "503 RequestLimitExceeded: Request limit exceeded."
    ] * 2 + [None]


def test_once_is_the_default_and_null_is_for_ever(faults: Faults):
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Error": {"Code": "Once"}})
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Error": {"Code": "Ever"}, "Times": None})

    assert [strikes(faults) for _ in range(4)] == ["400 Once: "] + ["400 Ever: "] * 3


def test_other_calls_are_spared(faults: Faults):
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR})

    assert strikes(faults, call("ec2", "ImportSnapshot")) is None
    assert strikes(faults) is not None


def test_calls_may_be_let_go_by_first(faults: Faults):
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "After": 2})

    assert [strikes(faults) is None for _ in range(4)] == [True, True, False, True]


def test_a_probability_is_the_same_series_every_time():
    def series() -> list[bool]:
        faults = Faults(FakeClock())
        faults.add(
            {"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "Times": None, "Probability": 0.3}
        )
        return [strikes(faults) is not None for _ in range(200)]

    first = series()
    assert first == series()
    assert 30 < sum(first) < 90


def test_a_delay_alone_lets_the_call_through(faults: Faults, clock: FakeClock):
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Delay": 2.5})

    assert strikes(faults) is None
    assert clock.slept == [2.5]


def test_a_task_fault_is_for_the_task_and_used_up(faults: Faults):
    faults.add({"Operation": "ImportImage", "StatusMessage": "ClientError: no", "Phase": "converting"})

    assert strikes(faults) is None
    assert faults.take_task_fault("ImportSnapshot") is None
    assert faults.take_task_fault("ImportImage") == TaskFault("ImportImage", "ClientError: no", "converting")
    assert faults.take_task_fault("ImportImage") is None


def test_a_task_may_stall_and_its_fault_may_name_the_service(faults: Faults):
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Stall": True, "Phase": "converting"})

    assert strikes(faults) is None
    assert faults.take_task_fault("ImportImage") == TaskFault("ImportImage", None, "converting", stall=True)


def test_call_faults_are_not_taken_for_task_faults(faults: Faults):
    faults.add({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR})

    assert faults.take_task_fault("ImportImage") is None


def test_what_may_still_happen_is_listed_until_cleared(faults: Faults):
    number = faults.add({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "Times": 2})
    strikes(faults)

    assert [(fault["Id"], fault["Times"]) for fault in faults.pending()] == [(number, 1)]
    faults.clear()
    assert (faults.pending(), strikes(faults)) == ([], None)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "JSON object"),
        ({}, "Operation is missing"),
        ({"Operation": "ImportImage"}, "needs a Service"),
        ({"Operation": "ImportImage", "Phase": "converting"}, "StatusMessage, or Stall"),
        ({"Operation": "ImportImage", "Stall": "yes"}, "Stall must be true or false"),
        ({"Operation": "ImportImage", "StatusMessage": "x", "Delay": 1}, "has no Delay"),
        ({"Service": "ec2", "Operation": "ImportImage"}, "an Error, a Delay or both"),
        ({"Service": "ec2", "Operation": "ImportImages", "Error": ERROR}, "no operation ImportImages"),
        ({"Service": "ec3", "Operation": "ImportImage", "Error": ERROR}, "service ec3"),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": "x"}, "Error must be an object"),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": {"Status": 400}}, "with a Code"),
        (
            {"Service": "ec2", "Operation": "ImportImage", "Error": {**ERROR, "Status": 200}},
            "from 400 to 599",
        ),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": {**ERROR, "code": "x"}}, "has no code"),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "Times": 0}, "above 0"),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "Times": True}, "above 0"),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "After": -1}, "After must be"),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "Probability": 2}, "from 0 to 1"),
        ({"Service": "ec2", "Operation": "ImportImage", "Delay": "1s"}, "number of seconds"),
        ({"Service": "ec2", "Operation": "ImportImage", "Error": ERROR, "times": 1}, "has no times"),
    ],
)
def test_a_wrong_fault_is_refused_with_the_reason(faults: Faults, document: Any, message: str):
    with pytest.raises(FaultError, match=message):
        faults.add(document)
    assert faults.pending() == []
