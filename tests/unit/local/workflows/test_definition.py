from __future__ import annotations

import json
from typing import Any

import pytest

from vmie_local.workflows.definition import InvalidDefinitionError, read_definition

LAMBDA = "arn:aws:states:::lambda:invoke"


def machine(**states: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": "A", "States": states}


def problems(definition: Any) -> str:
    with pytest.raises(InvalidDefinitionError) as raised:
        read_definition(definition if isinstance(definition, str) else json.dumps(definition))
    return str(raised.value)


def test_every_kind_of_state_is_accepted() -> None:
    inner = {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": True}}}
    read_definition(
        json.dumps(
            machine(
                A={"Type": "Pass", "Assign": {"a": "{% 1 %}"}, "Next": "B"},
                B={
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% $a = 1 %}", "Next": "C", "Output": {}}],
                    "Default": "H",
                },
                C={
                    "Type": "Task",
                    "Resource": LAMBDA,
                    "Arguments": {"FunctionName": "f"},
                    "TimeoutSeconds": 60,
                    "HeartbeatSeconds": 30,
                    "Retry": [
                        {"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.5},
                        {"ErrorEquals": ["States.ALL"], "MaxDelaySeconds": 5, "JitterStrategy": "FULL"},
                    ],
                    "Catch": [
                        {"ErrorEquals": ["States.ALL"], "Next": "H", "Output": "{% $states.errorOutput %}"}
                    ],
                    "Next": "D",
                },
                D={"Type": "Wait", "Seconds": "{% 5 %}", "Next": "E"},
                E={"Type": "Parallel", "Branches": [inner], "Next": "F"},
                F={"Type": "Map", "Items": [1], "ItemProcessor": inner, "Next": "G"},
                G={"Type": "Succeed"},
                H={"Type": "Fail", "Error": "{% 'E' %}", "Cause": "because"},
            )
        )
    )


def test_the_language_may_be_set_per_state() -> None:
    definition = {
        "StartAt": "A",
        "States": {"A": {"Type": "Succeed", "QueryLanguage": "JSONata", "Output": "{% 1 %}"}},
    }
    assert read_definition(json.dumps(definition)) == definition


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ("{", "INVALID_JSON_DESCRIPTION"),
        ("[]", "must be an object"),
        ({"QueryLanguage": "JSONata", "StartAt": "A"}, "'States'"),
        (
            {"QueryLanguage": "JSONata", "StartAt": "Z", "States": {"A": {"Type": "Succeed"}}},
            "Missing 'StartAt'",
        ),
        (machine(A={"Type": "Nap"}), "'Nap' is no type of state"),
        (machine(A={"Type": "Pass"}), "either 'Next' or 'End' at /States/A"),
        (machine(A={"Type": "Pass", "Next": "B"}), "Missing 'Next' target: B at /States/A/Next"),
        (machine(A={"Type": "Pass", "End": True}, B={"Type": "Succeed"}), "'B' is not reachable"),
        (machine(A={"Type": "Pass", "End": True, "ResultPath": "$.a"}), "'ResultPath' is not supported"),
        (machine(A={"Type": "Pass", "End": True, "Output": "{% $a + %}"}), "not valid"),
        (
            machine(A={"Type": "Pass", "End": True, "Output": {"b": "{% $a"}}),
            "must end with %} at /States/A/Output/b",
        ),
        (machine(A={"Type": "Task", "End": True}), "'Resource' is required"),
        (
            machine(A={"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "End": True}),
            "no integration",
        ),
        (
            machine(A={"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ec2:flyAway", "End": True}),
            "no operation",
        ),
        (
            machine(A={"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:nope:x", "End": True}),
            "no AWS service",
        ),
        (machine(A={"Type": "Task", "Resource": f"{LAMBDA}.sync", "End": True}), "no integration"),
        (
            machine(
                A={
                    "Type": "Task",
                    "Resource": LAMBDA,
                    "End": True,
                    "TimeoutSeconds": 5,
                    "HeartbeatSeconds": 5,
                }
            ),
            "must be less",
        ),
        (machine(A={"Type": "Wait", "End": True}), "either 'Seconds' or 'Timestamp'"),
        (machine(A={"Type": "Choice", "Choices": [{"Next": "A"}]}), "needs 'Condition' and 'Next'"),
        (machine(A={"Type": "Choice", "Choices": []}), "'Choices' is required"),
        (
            machine(A={"Type": "Task", "Resource": LAMBDA, "End": True, "Retry": [{"ErrorEquals": []}]}),
            "at least one error",
        ),
        (
            machine(
                A={
                    "Type": "Task",
                    "Resource": LAMBDA,
                    "End": True,
                    "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}],
                }
            ),
            "must stand alone, and last",
        ),
        (
            machine(
                A={"Type": "Map", "End": True, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}}
            ),
            "inline maps only",
        ),
        (
            machine(
                A={
                    "Type": "Parallel",
                    "End": True,
                    "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Fail", "End": 1}}}],
                }
            ),
            "'End' is not supported at /States/A/Branches[0]/States/X/End",
        ),
        ({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "executes JSONata only"),
        (machine(**{"A" * 81: {"Type": "Succeed"}}), "at most 80 characters"),
        (
            machine(A={"Type": "Pass", "Assign": {"states": 1}, "End": True}),
            "'states' is no name for a variable",
        ),
        (machine(A={"Type": "Pass", "Assign": {"a-b": 1}, "End": True}), "'a-b' is no name for a variable"),
        (machine(A={"Type": "Pass", "Assign": "{% {} %}", "End": True}), "'Assign' must be an object"),
        (
            machine(
                A={"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
                B={
                    "Type": "Map",
                    "End": True,
                    "ItemProcessor": {
                        "StartAt": "X",
                        "States": {"X": {"Type": "Pass", "Assign": {"x": 2}, "End": True}},
                    },
                },
            ),
            "belongs to an outer scope at /States/B/ItemProcessor/States/X/Assign",
        ),
        ({**machine(A={"Type": "Succeed"}), "TimeoutSeconds": 0}, "must be a positive integer"),
    ],
)
def test_mistakes_are_told_with_their_place(definition: Any, told: str) -> None:
    assert told in problems(definition)


def test_all_mistakes_are_told_at_once() -> None:
    told = problems(machine(A={"Type": "Pass"}, B={"Type": "Nap"}))
    assert "either 'Next' or 'End'" in told and "'Nap'" in told
