from typing import Any

import pytest

from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.intrinsics import NO_VALUE, Evaluator, Later
from vmie_local.cloudformation.template import Template


class Scope:
    """Answers everything with what it is asked for."""

    def pseudo(self, name: str) -> Any:
        return {"AWS::Region": "eu-west-1", "AWS::NoValue": NO_VALUE}[name]

    def parameter(self, name: str) -> Any:
        return {"Word": "word", "Words": ["a", "b"]}[name]

    def ref(self, logical_id: str) -> Any:
        return Later(logical_id) if logical_id == "New" else f"ref-{logical_id}"

    def attribute(self, logical_id: str, name: str) -> Any:
        return f"{logical_id}/{name}"

    def import_value(self, name: str) -> Any:
        return f"export-{name}"

    def stack_output(self, stack: str, output: str, region: str) -> str:
        return f"{stack}.{output}@{region}"

    def zones(self, region: str) -> list[str]:
        return [f"{region}a", f"{region}b"]

    def ssm_value(self, name: str) -> str:
        return f"ssm-{name}"


@pytest.fixture
def evaluator() -> Evaluator:
    conditions = {
        "Yes": {"Fn::Equals": [{"Ref": "Word"}, "word"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Fn::Or": [{"Condition": "No"}, {"Condition": "Yes"}]}]},
        "Same": {"Fn::Equals": [True, "true"]},
    }
    return Evaluator(
        Template(
            text="",
            description="",
            parameters={"Word": {}, "Words": {}},
            mappings={"Map": {"eu-west-1": {"Name": "mapped", "List": ["x", "y"]}}},
            conditions=conditions,
            resources=dict.fromkeys(("Queue", "New")),  # type: ignore[arg-type]
            outputs={},
        ),
        Scope(),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Word"}, "word"),
        ({"Ref": "Queue"}, "ref-Queue"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "Queue/Arn"),
        ({"Fn::GetAtt": "Queue.Nested.Arn"}, "Queue/Nested.Arn"),
        ({"Fn::Join": [":", ["a", 1, True, {"Ref": "Word"}]]}, "a:1:true:word"),
        ({"Fn::Join": ["", {"Ref": "Words"}]}, "ab"),
        ({"Fn::Sub": "${Word} ${Queue.Arn} ${!Kept} ${AWS::Region}"}, "word Queue/Arn ${Kept} eu-west-1"),
        ({"Fn::Sub": ["${Mine}-${Word}", {"Mine": {"Ref": "Queue"}}]}, "ref-Queue-word"),
        ({"Fn::Select": ["1", {"Fn::Split": ["-", "a-b"]}]}, "b"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "eu-west-1a"),
        ({"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "Name"]}, "mapped"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Word}"}}, "export-word"),
        ({"Fn::GetStackOutput": {"StackName": {"Ref": "Word"}, "OutputName": "O"}}, "word.O@eu-west-1"),
        ({"Fn::GetStackOutput": {"StackName": "s", "OutputName": "O", "Region": "r"}}, "s.O@r"),
        ({"Fn::Base64": "a"}, "YQ=="),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", 1, 2]}, 2),
        ({"Fn::If": ["Both", 1, 2]}, 1),
        ({"Fn::If": ["Same", 1, 2]}, 1),
        ("{{resolve:ssm:/a/b}} text", "ssm-/a/b text"),
        ({"Nested": [{"Ref": "Word"}, {"Deep": {"Ref": "Word"}}]}, {"Nested": ["word", {"Deep": "word"}]}),
        (5, 5),
    ],
)
def test_functions_resolve(evaluator: Evaluator, value: Any, expected: Any) -> None:
    assert evaluator.resolve(value) == expected


def test_no_value_removes_members_and_entries(evaluator: Evaluator) -> None:
    nothing = {"Fn::If": ["No", "x", {"Ref": "AWS::NoValue"}]}
    assert evaluator.resolve({"A": nothing, "B": [1, nothing], "C": 2}) == {"B": [1], "C": 2}


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "New"},
        {"Fn::Sub": "arn:${New}:x"},
        {"Fn::Join": ["-", ["a", {"Ref": "New"}]]},
        {"Fn::Select": [0, {"Fn::Split": [":", {"Ref": "New"}]}]},
        {"Fn::Base64": {"Ref": "New"}},
    ],
)
def test_what_depends_on_an_unknown_value_is_unknown(evaluator: Evaluator, value: Any) -> None:
    assert evaluator.resolve(value) == Later("New")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Nobody"}, r"Unresolved resource dependencies \[Nobody\]"),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, "undefined resource Nobody"),
        ({"Fn::Cidr": ["10.0.0.0/16", 1, 8]}, "does not implement Fn::Cidr"),
        ({"Fn::If": ["Maybe", 1, 2]}, "Unresolved condition Maybe"),
        ({"Fn::FindInMap": ["Map", "mars", "Name"]}, "Map::mars::Name"),
        ({"Fn::Select": [7, ["a"]]}, "nonexistent value at index 7"),
        ({"Fn::Join": ["", [["list"]]]}, "text was expected"),
        ({"Fn::GetStackOutput": {"StackName": "s", "OutputName": "O", "RoleArn": "r"}}, "own account only"),
        ("{{resolve:secretsmanager:x}}", "cannot resolve the dynamic reference"),
    ],
)
def test_what_cannot_be_resolved_is_named(evaluator: Evaluator, value: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        evaluator.resolve(value)
