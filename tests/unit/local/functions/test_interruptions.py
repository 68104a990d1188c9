from __future__ import annotations

from vmie_local.functions.interruptions import Interruptions, Kill
from vmie_local.functions.invocation import trace_header


class Running:
    """An invocation that may be killed."""

    def __init__(self, interruptions: Interruptions, function: str = "stack-start-import") -> None:
        self.interruptions, self.header, self.killed = interruptions, trace_header(), False
        interruptions.begin(self.header, function, "request", self.kill)

    def kill(self) -> None:
        self.killed = True

    def calls(self, service: str, operation: str) -> None:
        self.interruptions.call_finished(self.header, service, operation)


def test_the_next_invocation_of_that_function_is_killed_before_its_handler_runs() -> None:
    interruptions = Interruptions()
    order = interruptions.add(Kill("start-import"))
    assert not Running(interruptions, "stack-poll-import").killed
    assert Running(interruptions).killed
    assert not Running(interruptions).killed
    assert order.happened == ["request"]


def test_an_invocation_is_killed_right_after_the_call_that_the_order_names() -> None:
    interruptions = Interruptions()
    interruptions.add(Kill("start-import", "ec2", "ImportImage"))
    running = Running(interruptions)
    running.calls("dynamodb", "GetItem")
    running.calls("ec2", "DescribeImages")
    assert not running.killed
    running.calls("ec2", "ImportImage")
    assert running.killed


def test_calls_are_counted_per_invocation() -> None:
    interruptions = Interruptions()
    interruptions.add(Kill("", "dynamodb", None, after_calls=2))
    first, second = Running(interruptions), Running(interruptions)
    first.calls("dynamodb", "GetItem")
    second.calls("dynamodb", "GetItem")
    assert not first.killed and not second.killed
    second.calls("dynamodb", "UpdateItem")
    assert (first.killed, second.killed) == (False, True)


def test_an_order_kills_as_often_as_it_says() -> None:
    interruptions = Interruptions()
    interruptions.add(Kill("", times=2))
    assert [Running(interruptions).killed for _ in range(3)] == [True, True, False]


def test_calls_of_nobody_and_of_ended_invocations_kill_nothing() -> None:
    interruptions = Interruptions()
    order = interruptions.add(Kill("", "ec2"))
    running = Running(interruptions)
    interruptions.call_finished(None, "ec2", "ImportImage")
    interruptions.call_finished("Root=1-2-3", "ec2", "ImportImage")
    interruptions.end(running.header)
    running.calls("ec2", "ImportImage")
    assert not running.killed
    assert order.happened == []


def test_orders_can_be_taken_back() -> None:
    interruptions = Interruptions()
    interruptions.add(Kill(""))
    interruptions.clear()
    assert not Running(interruptions).killed
