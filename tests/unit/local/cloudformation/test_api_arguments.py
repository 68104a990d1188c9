from typing import Any

import botocore.session
import pytest

from vmie_local.cloudformation.api_arguments import fit, truth
from vmie_local.cloudformation.errors import UnsupportedError


def shape(service: str, operation: str) -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape


def test_loose_scalars_become_what_the_api_takes() -> None:
    given = {"FunctionName": "f", "Timeout": "30", "Publish": "true", "Environment": {"Variables": {"N": 1}}}
    assert fit(shape("lambda", "CreateFunction"), given, "") == {
        "FunctionName": "f",
        "Timeout": 30,
        "Publish": True,
        "Environment": {"Variables": {"N": "1"}},
    }


def test_documents_become_json_where_the_api_takes_text() -> None:
    given = {"RoleName": "r", "AssumeRolePolicyDocument": {"Statement": []}}
    assert fit(shape("iam", "CreateRole"), given, "")["AssumeRolePolicyDocument"] == '{"Statement": []}'


def test_members_may_begin_in_lower_case_in_the_api() -> None:
    given = {"loggingConfiguration": {"Level": "ALL", "Destinations": [{"CloudWatchLogsLogGroup": {}}]}}
    fitted = fit(shape("stepfunctions", "CreateStateMachine"), given, "")
    assert fitted == {
        "loggingConfiguration": {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {}}]}
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Code": {"S3Colour": 1}}, r"unsupported property Code\.S3Colour"),
        ({"Colour": 1}, "unsupported property Colour"),
        ({"Layers": [{"Arn": "x"}], "Code": "zip"}, "Code must be an object, not 'zip'"),
        ({"Timeout": "soon"}, "Timeout must be of type integer, not 'soon'"),
        ({"Publish": "perhaps"}, "neither true nor false"),
        ({"Environment": {"Variables": ["a"]}}, r"Environment\.Variables must be a map"),
    ],
)
def test_what_does_not_fit_is_named_with_its_path(given: dict, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        fit(shape("lambda", "CreateFunction"), given, "")


def test_truth_is_read_from_text() -> None:
    assert [truth(value) for value in (True, "true", "False", False)] == [True, True, False, False]
