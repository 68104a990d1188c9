from __future__ import annotations

from typing import Any

from tests.unit.local.workflows.conftest import TASK, Machine, fails_times
from vmie_local.workflows.errors import StateError

END: dict[str, Any] = {"Type": "Succeed"}


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": TASK, **({} if "Next" in more else {"End": True}), **more}


def kinds(execution: Any) -> list[str]:
    return [event["type"] for event in execution.history.events]


def test_data_flow_from_state_to_state(machine: Machine) -> None:
    states = {
        "A": {"Type": "Pass", "Output": {"sum": "{% $states.input.a + $states.input.b %}"}, "Next": "B"},
        "B": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Succeed", "Output": "{% $states.input.sum * 2 %}"},
    }
    assert machine.output(states, {"a": 1, "b": 2}) == 6


def test_assign_and_output_see_the_variables_as_they_were(machine: Machine) -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
        "B": {
            "Type": "Pass",
            "Assign": {"x": "{% $x + 1 %}", "y": "{% $x %}"},
            "Output": "{% $x %}",
            "Next": "C",
        },
        "C": {
            "Type": "Pass",
            "Output": {"in": "{% $states.input %}", "x": "{% $x %}", "y": "{% $y %}"},
            "End": True,
        },
    }
    assert machine.output(states) == {"in": 1, "x": 2, "y": 1}


def test_the_context_names_execution_machine_and_state(machine: Machine) -> None:
    states = {"A": {"Type": "Pass", "Output": "{% $states.context %}", "End": True}}
    execution = machine.run(states, {"a": 1}, name="run-1")
    seen = __import__("json").loads(execution.output)
    assert seen["Execution"] == {
        "Id": execution.arn,
        "Input": {"a": 1},
        "Name": "run-1",
        "RoleArn": "arn:role",
        "StartTime": machine.clock.iso(execution.started_at),
        "RedriveCount": 0,
    }
    assert seen["StateMachine"] == {"Id": execution.revision.arn, "Name": execution.revision.name}
    assert (seen["State"]["Name"], seen["State"]["RetryCount"]) == ("A", 0)
    assert seen["State"]["EnteredTime"].endswith("Z")


def test_a_task_gets_its_arguments_and_gives_its_result(machine: Machine) -> None:
    machine.tasks.work = lambda arguments: {"doubled": arguments["n"] * 2}
    states = {"A": task(Arguments={"n": "{% $states.input.n %}"}, Output="{% $states.result.doubled + 1 %}")}
    assert machine.output(states, {"n": 4}) == 9
    assert machine.tasks.calls == [{"n": 4}]


def test_without_arguments_a_task_gets_the_input_of_the_state(machine: Machine) -> None:
    assert machine.output({"A": task()}, {"n": 4}) == {"n": 4}
    assert machine.tasks.calls == [{"n": 4}]


def test_a_failed_task_is_retried_as_its_retrier_says(machine: Machine) -> None:
    machine.tasks.work = fails_times(3)
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "MaxAttempts": 3}]
    states = {"A": task(Arguments={"n": "{% $states.context.State.RetryCount %}"}, Retry=retry)}
    execution = machine.run(states)
    assert execution.status == "SUCCEEDED"
    assert machine.tasks.calls == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]
    assert execution.stopped_at - execution.started_at >= 60 + 120 + 240


def test_the_entered_time_stays_while_a_state_is_retried(machine: Machine) -> None:
    machine.tasks.work = fails_times(1)
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600}]
    machine.run({"A": task(Arguments={"at": "{% $states.context.State.EnteredTime %}"}, Retry=retry)})
    first, second = machine.tasks.calls
    assert first == second


def test_an_error_goes_to_the_first_catcher_that_matches(machine: Machine) -> None:
    machine.tasks.work = fails_times(9, "Denied")
    catch = [
        {"ErrorEquals": ["Busy"], "Next": "C"},
        {"ErrorEquals": ["Denied"], "Next": "B", "Assign": {"e": "{% $states.errorOutput.Error %}"}},
    ]
    states = {
        "A": task(Catch=catch, Next="C"),
        "B": {"Type": "Pass", "Output": {"in": "{% $states.input %}", "e": "{% $e %}"}, "End": True},
        "C": END,
    }
    assert machine.output(states) == {"in": {"Error": "Denied", "Cause": "not now"}, "e": "Denied"}


def test_a_catcher_may_shape_its_output(machine: Machine) -> None:
    machine.tasks.work = fails_times(9)
    catch = [
        {
            "ErrorEquals": ["States.ALL"],
            "Next": "B",
            "Output": {"given": "{% $states.input %}", "why": "{% $states.errorOutput.Cause %}"},
        }
    ]
    assert machine.output({"A": task(Catch=catch, Next="B"), "B": END}, 5) == {"given": 5, "why": "not now"}


def test_an_uncaught_error_fails_the_execution(machine: Machine) -> None:
    machine.tasks.work = fails_times(9)
    execution = machine.run({"A": task()})
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "Busy", "not now")
    assert kinds(execution)[-1] == "ExecutionFailed"


def test_a_bad_output_expression_of_a_task_can_be_caught(machine: Machine) -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}]
    states = {"A": task(Output="{% $states.result.nothing %}", Catch=catch, Next="B"), "B": END}
    assert machine.output(states)["Error"] == "States.QueryEvaluationError"


def test_a_bad_expression_elsewhere_fails_the_execution_and_is_noted(machine: Machine) -> None:
    execution = machine.run({"A": {"Type": "Pass", "Output": "{% $states.input.nothing %}", "End": True}}, {})
    assert execution.error == "States.QueryEvaluationError"
    assert execution.cause == (
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONata "
        "expression '$states.input.nothing' specified for the field 'Output' returned nothing (undefined)."
    )
    assert "EvaluationFailed" in kinds(execution)


def choice(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    ends = {
        name: {"Type": "Pass", "Output": {"to": name, "x": "{% $states.input %}"}, "End": True}
        for name in "XY"
    }
    return {"A": {"Type": "Choice", "Choices": list(rules), **more}, **ends}


def test_the_first_rule_that_holds_decides(machine: Machine) -> None:
    rules = [
        {"Condition": "{% $states.input.n > 5 %}", "Next": "X", "Output": "{% $states.input.n %}"},
        {"Condition": "{% $states.input.n > 2 %}", "Next": "Y"},
    ]
    assert machine.output(choice(*rules), {"n": 9}) == {"to": "X", "x": 9}
    assert machine.output(choice(*rules), {"n": 3}) == {"to": "Y", "x": {"n": 3}}


def test_the_default_uses_the_output_of_the_state(machine: Machine) -> None:
    rule = {"Condition": "{% false %}", "Next": "X"}
    assert machine.output(choice(rule, Default="Y", Output="none")) == {"to": "Y", "x": "none"}


def test_without_a_default_no_match_fails(machine: Machine) -> None:
    states = choice({"Condition": "{% false %}", "Next": "X"}, {"Condition": "{% false %}", "Next": "Y"})
    assert machine.failure(states)[0] == "States.NoChoiceMatched"


def test_a_condition_must_be_a_boolean(machine: Machine) -> None:
    error, cause = machine.failure(choice({"Condition": "{% 1 %}", "Next": "X"}, Default="Y"))
    assert error == "States.QueryEvaluationError"
    assert "Expected 'boolean', but was 'number'" in str(cause)


def test_a_fail_state_takes_its_words_from_expressions(machine: Machine) -> None:
    states = {
        "A": {
            "Type": "Fail",
            "Error": "{% $states.input.Code %}",
            "Cause": "{% 'because ' & $states.input.Why %}",
        }
    }
    assert machine.failure(states, {"Code": "Odd", "Why": "so"}) == ("Odd", "because so")


def test_waits_take_scaled_time(machine: Machine) -> None:
    execution = machine.run({"A": {"Type": "Wait", "Seconds": "{% 1800 * 2 %}", "End": True}})
    assert execution.stopped_at - execution.started_at >= 3600


def test_waits_until_a_moment(machine: Machine) -> None:
    until = machine.clock.iso(machine.clock.now() + 7200)
    execution = machine.run({"A": {"Type": "Wait", "Timestamp": until, "End": True}})
    assert execution.stopped_at >= machine.clock.now() - 7200
    assert execution.stopped_at - execution.started_at > 1


def test_a_moment_gone_by_is_no_wait(machine: Machine) -> None:
    assert (
        machine.run({"A": {"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": True}}).status
        == "SUCCEEDED"
    )


def test_seconds_must_be_whole_and_not_negative(machine: Machine) -> None:
    for seconds in ("{% 1.5 %}", "{% -1 %}", "{% 'soon' %}"):
        error, _ = machine.failure({"A": {"Type": "Wait", "Seconds": seconds, "End": True}})
        assert error == "States.QueryEvaluationError"


def test_too_much_data_fails_even_where_everything_is_caught(machine: Machine) -> None:
    machine.tasks.work = lambda _: "x" * 300_000
    states = {"A": task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B"}], Next="B"), "B": END}
    assert machine.failure(states)[0] == "States.DataLimitExceeded"


def test_an_endless_loop_ends_with_the_history(machine: Machine) -> None:
    rule = {"Condition": "{% true %}", "Next": "A"}
    execution = machine.run({"A": {"Type": "Choice", "Choices": [rule]}})
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "25000" in execution.cause
    assert len(execution.history.events) <= 25000


def test_the_history_tells_the_whole_story(machine: Machine) -> None:
    execution = machine.run({"A": {"Type": "Pass", "Next": "B"}, "B": END}, {"a": 1})
    events = execution.history.events
    assert kinds(execution) == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["previousEventId"] for event in events] == [0, 1, 2, 3, 4, 5]
    assert events[1]["stateEnteredEventDetails"] == {
        "name": "A",
        "input": '{"a":1}',
        "inputDetails": {"truncated": False},
    }


def test_a_fault_of_the_interpreter_ends_the_execution(machine: Machine) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError("oops")

    machine.tasks.work = broken
    execution = machine.run(
        {"A": task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B"}], Next="B"), "B": END}
    )
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")


def test_tasks_that_fail_with_no_name_are_still_failures(machine: Machine) -> None:
    def nameless(_: Any) -> Any:
        raise StateError(None, None)

    machine.tasks.work = nameless
    assert machine.failure({"A": task()}) == (None, None)
