"""Messages of AWS find their meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runtime.diagnosis.recorded_texts import CALL_CODES, CALL_TEXTS, TASK_TEXTS
from vmie_runtime.diagnosis import Category, Diagnosis, diagnose_call, diagnose_task
from vmie_runtime.diagnosis.catalogue import MEANINGS

_PREFIXES = ("", "CLIENT_ERROR : ", "client_error: ")


@pytest.mark.parametrize("prefix", _PREFIXES)
@pytest.mark.parametrize(("text", "code"), TASK_TEXTS.items())
def test_the_end_of_a_task_has_its_meaning(prefix: str, text: str, code: str) -> None:
    diagnosis = diagnose_task(prefix + text)
    assert diagnosis.code == code
    assert diagnosis.category is not Category.UNKNOWN
    assert diagnosis.message == prefix + text
    assert not diagnosis.retryable


@pytest.mark.parametrize(("call", "code"), CALL_TEXTS.items())
def test_the_error_of_a_call_has_its_meaning(call: tuple[str, str, str], code: str) -> None:
    diagnosis = diagnose_call(*call)
    assert diagnosis.code == code
    assert diagnosis.category is not Category.UNKNOWN
    assert diagnosis.message == call[2]


@pytest.mark.parametrize("side", ["", "Client."])
@pytest.mark.parametrize(("aws_code", "code"), CALL_CODES.items())
def test_a_code_is_enough_where_the_message_is_not_known(aws_code: str, code: str, side: str) -> None:
    known = aws_code if aws_code.startswith("Server.") else side + aws_code
    diagnosis = diagnose_call("ImportImage", known, "Words that nobody has recorded.")
    assert diagnosis.code == code
    assert diagnosis.category is not Category.UNKNOWN


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("RequestLimitExceeded", Category.TRANSIENT),
        ("InternalError", Category.TRANSIENT),
        ("502", Category.TRANSIENT),
        ("ConnectTimeoutError", Category.TRANSIENT),
        ("ResourceCountLimitExceeded", Category.QUOTA),
    ],
)
def test_what_passes_is_retryable(code: str, category: Category) -> None:
    diagnosis = diagnose_call("DescribeImportImageTasks", code, "")
    assert (diagnosis.category, diagnosis.retryable) == (category, True)


def test_the_kernel_that_was_found_is_named() -> None:
    cause = diagnose_task("CLIENT_ERROR : ClientError: Unsupported kernel version 5.8.0-59-generic").cause
    assert cause.endswith("It is kernel 5.8.0-59-generic.")
    assert "It is kernel" not in diagnose_task("ClientError: Unsupported kernel version").cause


@pytest.mark.parametrize("role", ["<vmimport>", "vmimport", "`vmimport`"])
def test_the_role_that_was_rejected_is_named(role: str) -> None:
    message = f"The service role {role} does not exist or does not have sufficient permissions"
    assert diagnose_call("ImportImage", "InvalidParameter", message).cause.endswith("The role is vmimport.")


def test_the_call_that_was_refused_is_named() -> None:
    diagnosis = diagnose_call("CreateTags", "UnauthorizedOperation", "You are not authorized.")
    assert diagnosis.cause.endswith("The call was CreateTags.")


@pytest.mark.parametrize(
    ("operation", "command"),
    [
        ("ImportImage", "import-image"),
        ("ExportImage", "export-image"),
        ("CreateInstanceExportTask", "create-instance-export-task"),
    ],
)
def test_a_value_that_ec2_refuses_is_looked_up_under_the_command_that_was_called(operation, command) -> None:
    remedy = diagnose_call(operation, "InvalidParameterValue", "Words that nobody has recorded.").remedy
    assert remedy.endswith(f"`aws ec2 {command} help`.")


@pytest.mark.parametrize("operation", ["ImportInstance", "ImportVolume"])
def test_no_command_is_named_that_the_aws_cli_has_not(operation: str) -> None:
    assert "aws ec2" not in diagnose_call(operation, "InvalidParameterValue", "Nobody's words.").remedy


def test_a_refused_pass_role_is_told_from_other_refusals() -> None:
    message = (
        "You are not authorized to perform this operation. User: "
        "arn:aws:sts::111122223333:assumed-role/a/b is not authorized to perform: iam:PassRole on "
        "resource: arn:aws:iam::111122223333:role/vmimport because no identity-based policy allows the "
        "iam:PassRole action"
    )
    diagnosis = diagnose_call("ImportImage", "UnauthorizedOperation", message)
    assert diagnosis.code == "PassRoleDenied"
    assert "arn:aws:iam::111122223333:role/vmimport" in diagnosis.cause


@pytest.mark.parametrize(
    "text",
    [
        "ServerError: An internal error has occurred",
        "SERVER_ERROR : ServerError: Booter Networking failure",
        "CLIENT_ERROR : ServerError: something broke",
        "ServerError: an internal error has occurred during conversion.",
        "InternalError: something broke",
        "INTERNAL_ERROR : InternalServerError: something broke",
    ],
)
def test_a_fault_of_the_service_is_worth_another_attempt(text: str) -> None:
    diagnosis = diagnose_task(text)
    assert (diagnosis.code, diagnosis.category, diagnosis.retryable) == (
        "ServerError",
        Category.SERVICE,
        True,
    )


def test_nothing_that_blames_the_image_is_worth_another_attempt() -> None:
    blamed = (Category.IMAGE, Category.GUEST_NETWORK, Category.LICENCE, Category.REQUEST)
    assert not [meaning.code for meaning in MEANINGS if meaning.category in blamed and meaning.retryable]


@pytest.mark.parametrize("text", ["", "   ", "converting", "preparing ami", "deleted"])
def test_a_task_that_ended_without_a_reason_says_so(text: str) -> None:
    diagnosis = diagnose_task(text)
    assert (diagnosis.code, diagnosis.category) == ("EndedWithoutReason", Category.UNKNOWN)
    assert diagnosis.message == text


@pytest.mark.parametrize("text", ["Task canceled by user", "User initiated cancellation", "cancelled"])
def test_a_cancelled_task_is_nobodys_fault(text: str) -> None:
    assert diagnose_task(text).category is Category.STOPPED


@pytest.mark.parametrize(
    ("text", "code", "category"),
    [
        ("ClientError: Disk validation failed [The moon is full]", "DiskValidationFailed", Category.IMAGE),
        ("ClientError: The license type AWS is not valid for Linux.", "LicenceRejected", Category.LICENCE),
        ("ClientError: KMS says no", "KeyRejected", Category.KEY),
        ("ClientError: The boot mode is not supported", "BootModeRejected", Category.REQUEST),
    ],
)
def test_an_unknown_text_on_a_known_subject_gets_that_subjects_advice(
    text: str, code: str, category: Category
) -> None:
    diagnosis = diagnose_task(text)
    assert (diagnosis.code, diagnosis.category) == (code, category)
    assert diagnose_call("ImportImage", "InvalidParameter", text).code == code


def test_the_reason_of_an_unknown_disk_validation_is_repeated() -> None:
    cause = diagnose_task("CLIENT_ERROR : ClientError: Disk validation failed [The moon is full]").cause
    assert cause.endswith("It says: The moon is full.")


def test_a_code_outweighs_a_word_of_the_text() -> None:
    diagnosis = diagnose_call("ImportImage", "CustomerKeyHasBeenRevoked", "About a KMS key with a license.")
    assert diagnosis.code == "KeyRevoked"


def test_what_is_not_known_is_passed_on_unaltered() -> None:
    text = "ClientError: A message of the year 2031 {with} %s braces"
    task, call = diagnose_task(text), diagnose_call("ImportImage", "BrandNewCode", text)
    assert (task.category, task.message) == (Category.UNKNOWN, text)
    assert (call.category, call.message) == (Category.UNKNOWN, text)
    assert "BrandNewCode" in call.cause


def test_texts_that_were_broken_over_lines_are_known() -> None:
    assert diagnose_task("ClientError: Unsupported\n  kernel version\t5.1 ").code == "UnsupportedKernel"


@given(st.text())
def test_any_end_of_a_task_has_a_diagnosis(text: str) -> None:
    _assert_whole(diagnose_task(text), text)


@given(st.text(), st.text(), st.text())
def test_any_error_of_a_call_has_a_diagnosis(operation: str, code: str, message: str) -> None:
    _assert_whole(diagnose_call(operation, code, message), message)


@given(st.sampled_from([text for meaning in MEANINGS for text in meaning.texts]), st.text(), st.text())
def test_known_texts_with_anything_around_them_have_a_diagnosis(text: str, before: str, after: str) -> None:
    _assert_whole(diagnose_task(before + text + after), before + text + after)


def _assert_whole(diagnosis: Diagnosis, message: str) -> None:
    assert diagnosis.message == message
    document = diagnosis.to_document()
    assert set(document) == {"Code", "Message", "Cause", "Remedy", "Documentation"}
    assert all(document[name] for name in ("Code", "Cause", "Remedy", "Documentation"))
