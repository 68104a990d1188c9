import pytest

from vmie_local.cloudformation.dependencies import creation_order
from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.template import ResourceTemplate


def resources(**properties: dict) -> dict[str, ResourceTemplate]:
    return {name: ResourceTemplate(name, "T", value) for name, value in properties.items()}


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "B"},
        {"Fn::GetAtt": ["B", "Arn"]},
        {"Fn::GetAtt": "B.Arn"},
        {"Fn::Sub": "x-${B}"},
        {"Fn::Sub": "x-${B.Arn}"},
        {"Fn::Sub": ["${X}", {"X": {"Ref": "B"}}]},
        {"Fn::If": ["C", [{"Ref": "B"}], 1]},
    ],
)
def test_a_resource_comes_after_what_it_refers_to(reference: dict) -> None:
    assert creation_order(resources(A={"P": [reference]}, B={})) == ["B", "A"]


def test_literals_and_local_names_are_no_references() -> None:
    assert creation_order(resources(A={"P": {"Fn::Sub": ["${!B} ${X}", {"X": "1"}]}}, B={}, X={})) == [
        "A",
        "B",
        "X",
    ]


def test_depends_on_counts() -> None:
    both = {"A": ResourceTemplate("A", "T", {}, depends_on=("B",)), **resources(B={})}
    assert creation_order(both) == ["B", "A"]


def test_a_circle_is_named() -> None:
    with pytest.raises(TemplateError, match=r"Circular dependency between resources: \['A', 'B'\]"):
        creation_order(resources(A={"P": {"Ref": "B"}}, B={"P": {"Ref": "A"}}))
