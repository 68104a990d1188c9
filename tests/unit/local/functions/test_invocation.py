from __future__ import annotations

from vmie_local.functions.invocation import Outcome, error_document, trace_header


def fields(header: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in header.split(";"))


def test_every_invocation_gets_a_segment_of_its_own() -> None:
    assert fields(trace_header())["Parent"] != fields(trace_header())["Parent"]


def test_a_trace_goes_on_with_its_root_and_its_sampling() -> None:
    passed_on = fields(trace_header("Root=1-5f84c7a8-abcdef;Parent=1111;Sampled=1"))
    assert (passed_on["Root"], passed_on["Sampled"]) == ("1-5f84c7a8-abcdef", "1")
    assert passed_on["Parent"] != "1111"


def test_the_error_type_is_the_name_of_the_exception() -> None:
    failed = Outcome(error_document("Runtime.ExitError", "gone"), True, "r")
    assert failed.error_type == "Runtime.ExitError"
    assert Outcome(b'"text"', True, "r").error_type == "Unhandled"
    assert Outcome(b'{"errorType": "looks like one"}', False, "r").error_type is None
