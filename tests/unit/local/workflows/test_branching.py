from __future__ import annotations

import threading
from typing import Any

from tests.unit.local.workflows.conftest import TASK, Machine
from vmie_local.workflows.errors import StateError


def branch(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def passing(output: Any) -> dict[str, Any]:
    return branch(P={"Type": "Pass", "Output": output, "End": True})


TASKS = branch(T={"Type": "Task", "Resource": TASK, "Arguments": "{% $states.input %}", "End": True})


def test_branches_get_the_same_input_and_give_a_list(machine: Machine) -> None:
    branches = [passing("{% $states.input + 1 %}"), passing("{% $states.input + 2 %}")]
    states = {
        "A": {"Type": "Parallel", "Branches": branches, "Output": "{% $sum($states.result) %}", "End": True}
    }
    assert machine.output(states, 10) == 23


def test_arguments_replace_the_input_of_branches(machine: Machine) -> None:
    states = {
        "A": {
            "Type": "Parallel",
            "Branches": [passing("{% $states.input.x %}")],
            "Arguments": {"x": 5},
            "End": True,
        }
    }
    assert machine.output(states, {}) == [5]


def test_branches_run_at_the_same_time(machine: Machine) -> None:
    together = threading.Barrier(2)
    machine.tasks.work = lambda _: together.wait(10)
    states = {"A": {"Type": "Parallel", "Branches": [TASKS, TASKS], "Output": "done", "End": True}}
    assert machine.output(states) == "done"


def test_one_failed_branch_fails_the_state_and_calls_the_others_off(machine: Machine) -> None:
    failing = branch(F={"Type": "Fail", "Error": "Odd", "Cause": "why"})
    endless = branch(W={"Type": "Wait", "Seconds": 99999999, "End": True})
    catch = [{"ErrorEquals": ["Odd"], "Next": "B"}]
    states = {
        "A": {"Type": "Parallel", "Branches": [endless, failing], "Catch": catch, "Next": "B"},
        "B": {"Type": "Succeed"},
    }
    assert machine.output(states) == {"Error": "Odd", "Cause": "why"}


def test_variables_of_a_branch_stay_inside_it(machine: Machine) -> None:
    setting = branch(
        P={"Type": "Pass", "Assign": {"y": "{% $x + 1 %}"}, "Next": "Q"},
        Q={"Type": "Pass", "Output": "{% $y %}", "End": True},
    )
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
        "B": {"Type": "Parallel", "Branches": [setting, passing("{% $exists($y) %}")], "Next": "C"},
        "C": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $exists($y) %}"], "End": True},
    }
    assert machine.output(states) == [[2, False], False]


def mapped(processor: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"A": {"Type": "Map", "ItemProcessor": processor, "End": True, **more}}


def test_a_map_keeps_the_order_of_its_items(machine: Machine) -> None:
    states = mapped(passing("{% $states.input * 2 %}"), Items="{% [1..100] %}")
    assert machine.output(states) == [n * 2 for n in range(1, 101)]


def test_the_input_itself_may_be_the_items(machine: Machine) -> None:
    assert machine.output(mapped(passing("{% $states.input %}")), ["a", "b"]) == ["a", "b"]


def test_a_map_of_nothing_is_empty(machine: Machine) -> None:
    assert machine.output(mapped(passing(1)), []) == []


def test_an_item_selector_sees_item_index_and_outer_input(machine: Machine) -> None:
    selector = {
        "value": "{% $states.context.Map.Item.Value %}",
        "index": "{% $states.context.Map.Item.Index %}",
        "outer": "{% $states.input.k %}",
    }
    states = mapped(passing("{% $states.input %}"), Items="{% $states.input.list %}", ItemSelector=selector)
    assert machine.output(states, {"list": ["a", "b"], "k": 7}) == [
        {"value": "a", "index": 0, "outer": 7},
        {"value": "b", "index": 1, "outer": 7},
    ]


def test_no_more_iterations_run_at_once_than_allowed(machine: Machine) -> None:
    running, most, lock = [0], [0], threading.Lock()

    def work(_: Any) -> Any:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.005)
        with lock:
            running[0] -= 1

    machine.tasks.work = work
    machine.output(mapped(TASKS, Items="{% [1..12] %}", MaxConcurrency=3))
    assert most[0] <= 3


def test_a_failed_item_fails_the_map_with_its_error(machine: Machine) -> None:
    def work(item: Any) -> Any:
        if item == 3:
            raise StateError("Bad", "item 3")
        return item

    machine.tasks.work = work
    assert machine.failure(mapped(TASKS, Items="{% [1..5] %}")) == ("Bad", "item 3")


def test_items_must_be_an_array(machine: Machine) -> None:
    assert machine.failure(mapped(passing(1)), {"no": "list"})[0] == "States.QueryEvaluationError"


def test_a_stopped_execution_stops_its_branches(machine: Machine) -> None:
    begun = threading.Semaphore(0)
    machine.tasks.work = lambda item: begun.release() or item
    waiting = branch(
        T={"Type": "Task", "Resource": TASK, "Next": "W"},
        W={"Type": "Wait", "Seconds": 99999999, "End": True},
    )
    execution = machine.start(mapped(waiting, Items=[1, 2, 3]))
    for _ in range(3):
        assert begun.acquire(timeout=10)
    execution.end(execution.flow, "ABORTED")
    machine.runner.stop()
    assert not [thread for thread in threading.enumerate() if thread.name in ("workflow", "workflow-branch")]
