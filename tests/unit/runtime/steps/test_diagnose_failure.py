"""What the error that a state caught becomes for the request's owner."""

import json

import pytest

from tests.unit.runtime.diagnosis.fake_iam import ACCOUNT, BUCKET, GUIDE_GRANTS, REGION, FakeIam
from vmie_runtime.errors import RequestFailure, RequestRejected, ServiceRoleRejected, TaskFailed
from vmie_runtime.steps.diagnose_failure import handler


def caught(error: Exception) -> dict:
    """A state's error output: Lambda wraps the exception, Step Functions that again."""
    cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
    return {"Error": type(error).__name__, "Cause": json.dumps(cause)}


def diagnose(world, context, failure: dict) -> dict:
    return handler({"Failure": failure}, context)


def test_a_rejection_keeps_its_code_and_status(world, context):
    outcome = diagnose(world, context, caught(RequestRejected("EmptyObject", "'a' is empty (0 bytes).")))

    assert (outcome["Status"], outcome["Error"]["Code"]) == ("Rejected", "EmptyObject")
    assert outcome["Error"]["Message"] == "'a' is empty (0 bytes)."
    assert outcome["Error"]["Remedy"]
    assert "Retryable" not in outcome


def test_a_finding_explains_itself(world, context):
    finding = {"Why": "Why it matters.", "Remedy": "What to do."}

    error = diagnose(world, context, caught(RequestRejected("NotAnImage", "It is a text.", Finding=finding)))[
        "Error"
    ]

    assert (error["Cause"], error["Remedy"]) == ("Why it matters.", "What to do.")
    assert error["Documentation"].endswith("#notanimage")


@pytest.mark.parametrize(
    ("status_message", "retryable"),
    [
        ("ServerError: an internal error has occurred during conversion.", True),
        ("ClientError: Unknown OS / Missing OS files.", False),
    ],
)
def test_only_a_fault_of_the_service_may_be_tried_again(world, context, status_message, retryable):
    failure = TaskFailed("ImportTaskFailed", status_message, StatusMessage=status_message)

    outcome = diagnose(world, context, caught(failure))

    assert outcome["Status"] == "Failed"
    assert outcome.get("Retryable", False) is retryable
    assert status_message in outcome["Error"]["Message"]


def test_a_call_that_ec2_refused_is_diagnosed_by_its_code(world, context):
    failure = RequestFailure("InvalidKmsKey", "No such key.", Operation="ImportImage", AwsCode="UnknownCode")

    outcome = diagnose(world, context, caught(failure))

    assert outcome["Status"] == "Failed"
    assert "No such key." in outcome["Error"]["Message"]


KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/asked-for"
LICENCE = f"arn:aws:license-manager:{REGION}:{ACCOUNT}:license-configuration:lic-1"


@pytest.mark.parametrize(
    ("facts", "granted", "code"),
    [
        ({"KmsKeyArns": [KEY]}, GUIDE_GRANTS, "ServiceRoleKeyAccess"),
        ({"LicenseConfigurationArns": [LICENCE]}, GUIDE_GRANTS[:-1], "ServiceRoleLicenseAccess"),
        ({}, GUIDE_GRANTS[:-1], "ServiceRoleRejected"),
    ],
)
def test_a_rejected_role_is_examined_for_what_the_request_asks_of_it(
    world, context, monkeypatch, facts, granted, code
):
    iam = FakeIam(allowed=granted)
    monkeypatch.setattr(world.aws, "iam", iam, raising=False)
    monkeypatch.setattr(
        context, "invoked_function_arn", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f", raising=False
    )
    failure = ServiceRoleRejected(
        "InvalidParameter",
        "The service role vmimport provided does not exist or does not have sufficient permissions",
        Operation="ImportImage",
        AwsCode="InvalidParameter",
        RoleName="vmimport",
        Bucket=BUCKET,
        Key="images/web.ova",
        **{"SourceKeyArns": [], "KmsKeyArns": [], "LicenseConfigurationArns": [], **facts},
    )

    outcome = diagnose(world, context, caught(failure))

    assert outcome["Error"]["Code"] == code


def test_an_admission_that_never_came_is_named(world, context):
    outcome = diagnose(world, context, {"Error": "States.Timeout", "Cause": ""})

    assert (outcome["Status"], outcome["Error"]["Code"]) == ("TimedOut", "DeadlineExceeded")
    assert "admission" in outcome["Error"]["Message"]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ({"Error": "TransientServiceError", "Cause": "x"}, "ServiceUnavailable"),
        ({"Error": "CallUnanswered", "Cause": "x"}, "ServiceUnavailable"),
        ({"Error": "KeyError", "Cause": json.dumps({"errorMessage": "'a'"})}, "InternalError"),
        ({"Error": "Lambda.Unknown"}, "InternalError"),
        ({"Error": "E", "Cause": "[1]"}, "InternalError"),
        ({"Error": "E", "Cause": json.dumps({"errorMessage": "7"})}, "InternalError"),
        ({"Error": "E", "Cause": json.dumps({"errorMessage": None})}, "InternalError"),
    ],
)
def test_whatever_was_caught_becomes_an_outcome(world, context, failure, code):
    outcome = diagnose(world, context, failure)

    assert (outcome["Status"], outcome["Error"]["Code"]) == ("Failed", code)
