import pytest

from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.parameters import Parameter, resolve


def ssm(name: str) -> str:
    return {"/versions": "6,7"}[name]


def resolved(declared: dict, given: dict[str, str] | None = None, previous: dict | None = None) -> dict:
    entries = [{"ParameterKey": key, "ParameterValue": value} for key, value in (given or {}).items()]
    return resolve(declared, entries, previous or {}, ssm)


def test_given_values_win_over_defaults() -> None:
    declared = {"A": {"Type": "String", "Default": "a"}, "B": {"Type": "String", "Default": True}}
    found = resolved(declared, {"A": "x"})
    assert (found["A"].value, found["B"].value) == ("x", "true")


@pytest.mark.parametrize("kind", ["CommaDelimitedList", "List<String>", "List<AWS::EC2::Subnet::Id>"])
def test_lists_are_split_and_an_empty_text_is_an_empty_list(kind: str) -> None:
    found = resolved({"A": {"Type": kind}, "B": {"Type": kind, "Default": ""}}, {"A": "x, y"})
    assert (found["A"].value, found["B"].value) == (["x", "y"], [])


def test_an_ssm_parameter_is_read_and_its_name_kept() -> None:
    found = resolved({"A": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/versions"}})
    assert found["A"] == Parameter(given="/versions", value=["6", "7"], resolved="6,7")


def test_the_previous_value_is_the_given_one_not_the_resolved_one() -> None:
    declared = {"A": {"Type": "AWS::SSM::Parameter::Value<String>"}}
    entries = [{"ParameterKey": "A", "UsePreviousValue": True}]
    found = resolve(declared, entries, {"A": Parameter("/versions", "old", "old")}, ssm)
    assert found["A"].value == "6,7"


def test_a_secret_is_marked() -> None:
    assert resolved({"A": {"Type": "String", "NoEcho": "true", "Default": "s"}})["A"].hidden


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a1", "'P' must match pattern"),
        ({"Type": "String", "AllowedPattern": "x", "ConstraintDescription": "an x"}, "y", "'P' must be an x"),
        ({"Type": "String", "MinLength": "2"}, "a", "'P' has 1 characters"),
        ({"Type": "Number"}, "many", "'P' must be a number, not 'many'"),
        ({"Type": "Number", "MaxValue": 5}, "6", "'P' must be between"),
    ],
)
def test_constraints_are_kept(declaration: dict, value: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        resolved({"P": declaration}, {"P": value})


def test_missing_and_unknown_parameters_are_named() -> None:
    with pytest.raises(TemplateError, match=r"\['P'\] must have values"):
        resolved({"P": {"Type": "String"}})
    with pytest.raises(TemplateError, match=r"\['Q'\] do not exist in the template"):
        resolved({}, {"Q": "1"})
