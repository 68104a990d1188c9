from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.unit.local.workflows.conftest import TASK, Machine, fails_times
from vmie_local.workflows.errors import StateError
from vmie_local.workflows.status_event import status_event
from vmie_local.workflows.store import ExecutionExistsError, MachineExistsError, NoSuchMachineError

WAITING = {"A": {"Type": "Wait", "Seconds": 99999999, "End": True}}
DONE = {"A": {"Type": "Succeed"}}


def test_a_stopped_execution_is_aborted_at_once_with_the_given_reason(machine: Machine) -> None:
    execution = machine.start(WAITING)
    assert execution.end(execution.flow, "ABORTED", error="Cancelled", cause="by hand")
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Cancelled", "by hand")
    assert execution.history.events[-1]["type"] == "ExecutionAborted"


def test_only_the_first_end_counts(machine: Machine) -> None:
    execution = machine.start(WAITING)
    execution.end(execution.flow, "ABORTED")
    assert not execution.end(execution.flow, "SUCCEEDED", output=1)
    assert (execution.status, execution.output) == ("ABORTED", None)


def test_a_stopped_execution_says_nothing_of_a_task_that_was_under_way(machine: Machine) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: Any) -> Any:
        begun.set()
        go_on.wait(10)

    machine.tasks.work = slow
    execution = machine.start(
        {"A": {"Type": "Task", "Resource": TASK, "Next": "B"}, "B": {"Type": "Succeed"}}
    )
    assert begun.wait(10)
    execution.end(execution.flow, "ABORTED")
    noted = len(execution.history.events)
    go_on.set()
    machine.runner.stop()
    assert (execution.status, len(execution.history.events)) == ("ABORTED", noted)


def test_an_execution_that_takes_too_long_times_out(machine: Machine) -> None:
    execution = machine.run(WAITING, TimeoutSeconds=3600)
    assert execution.status == "TIMED_OUT"
    assert execution.stopped_at - execution.started_at >= 3600


def test_an_execution_in_time_does_not_time_out(machine: Machine) -> None:
    assert machine.run(DONE, TimeoutSeconds=99999999).status == "SUCCEEDED"


def test_each_change_of_status_is_told_once(machine: Machine) -> None:
    machine.run(DONE, name="good")
    machine.run({"A": {"Type": "Fail", "Error": "E"}}, name="bad")
    assert machine.statuses == [
        ("good", "RUNNING"),
        ("good", "SUCCEEDED"),
        ("bad", "RUNNING"),
        ("bad", "FAILED"),
    ]


def test_the_same_name_and_input_is_the_same_execution_while_it_runs(machine: Machine) -> None:
    execution = machine.start(WAITING, {"a": 1}, name="n")
    assert machine.store.start(execution.revision, "n", '{"a": 1}', {"a": 1}) == (execution, False)
    with pytest.raises(ExecutionExistsError):
        machine.store.start(execution.revision, "n", "{}", {})
    execution.end(execution.flow, "ABORTED")
    with pytest.raises(ExecutionExistsError):
        machine.store.start(execution.revision, "n", '{"a": 1}', {"a": 1})


def test_running_executions_keep_their_definition(machine: Machine) -> None:
    begun, go_on = threading.Event(), threading.Event()
    machine.tasks.work = lambda _: begun.set() or go_on.wait(10)
    old = {
        "A": {"Type": "Task", "Resource": TASK, "Next": "B"},
        "B": {"Type": "Pass", "Output": "old", "End": True},
    }
    execution = machine.start(old)
    assert begun.wait(10)
    arn = execution.revision.arn
    new = '{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    machine.store.update(arn, new, None, {})
    go_on.set()
    assert machine.ended(execution).output == '"old"'
    assert machine.store.machine(arn).current.source == new


def test_a_redrive_goes_on_from_the_state_that_failed(machine: Machine) -> None:
    machine.tasks.work = fails_times(1)
    states = {
        "A": {
            "Type": "Pass",
            "Assign": {"x": "{% $states.context.Execution.Input %}"},
            "Output": 1,
            "Next": "B",
        },
        "B": {
            "Type": "Task",
            "Resource": TASK,
            "Arguments": {"x": "{% $x %}", "in": "{% $states.input %}"},
            "End": True,
        },
    }
    execution = machine.run(states, "given")
    assert execution.status == "FAILED"
    machine.runner.redrive(execution)
    assert machine.ended(execution).status == "SUCCEEDED"
    assert machine.tasks.calls == [{"x": "given", "in": 1}] * 2
    assert execution.redrive_count == 1
    kinds = [event["type"] for event in execution.history.events]
    assert (kinds.count("PassStateEntered"), kinds.count("ExecutionRedriven")) == (1, 1)
    assert (execution.error, execution.cause) == (None, None)


def test_an_aborted_execution_can_be_redriven_too(machine: Machine) -> None:
    execution = machine.start(
        {"A": {"Type": "Wait", "Seconds": 99999999, "Next": "B"}, "B": {"Type": "Succeed"}}
    )
    while execution.resume is None:
        threading.Event().wait(0.001)
    execution.end(execution.flow, "ABORTED")
    machine.runner.redrive(execution)
    assert execution.status == "RUNNING"


def test_a_state_machine_is_created_once(machine: Machine) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:once"
    source = '{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    made = machine.store.create(arn, source, "r", {}, {})
    assert machine.store.create(arn, source, "r", {}, {}) is made
    with pytest.raises(MachineExistsError):
        machine.store.create(arn, source, "another role", {}, {})


def test_a_state_machine_made_anew_knows_no_old_executions(machine: Machine) -> None:
    execution = machine.run(DONE, name="n")
    revision = execution.revision
    machine.store.delete(revision.arn)
    assert machine.store.execution(execution.arn) is execution
    made = machine.store.create(revision.arn, revision.source, "r", {}, {})
    assert machine.store.executions(revision.arn) == []
    assert machine.store.start(made.current, "n", "{}", {})[1]


def test_published_versions_stay_as_they_were(machine: Machine) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:versions"
    first = '{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    machine.store.create(arn, first, "r", {}, {})
    assert machine.store.publish(arn, None).version == 1
    assert machine.store.publish(arn, "unchanged").version == 1
    machine.store.update(arn, first.replace('"A"', '"B"'), None, {})
    assert machine.store.publish(arn, None).version == 2
    assert machine.store.revision(f"{arn}:1").source == first
    assert machine.store.revision(arn).source != first
    with pytest.raises(NoSuchMachineError):
        machine.store.revision(f"{arn}:3")


def test_the_status_event_tells_what_the_execution_did(machine: Machine) -> None:
    def refuse(_: Any) -> Any:
        raise StateError("Denied", "no")

    machine.tasks.work = refuse
    execution = machine.run({"A": {"Type": "Task", "Resource": TASK, "End": True}}, {"a": 1}, name="n")
    event = status_event(execution)
    assert (event.source, event.detail_type) == ("aws.states", "Step Functions Execution Status Change")
    assert event.resources == (execution.arn,)
    wanted = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.revision.arn,
        "name": "n",
        "status": "FAILED",
        "startDate": int(execution.started_at * 1000),
        "stopDate": int(execution.stopped_at * 1000),
        "input": '{"a": 1}',
        "output": None,
        "error": "Denied",
        "cause": "no",
        "redriveStatus": "REDRIVABLE",
    }
    assert {name: event.detail[name] for name in wanted} == wanted
