import json
from decimal import Decimal

import pytest

from vmie_local.cost import Charge, Usage
from vmie_local.cost.api_calls import RecordedCall, TableShape, usage_of_calls
from vmie_local.cost.executions import usage_of_history
from vmie_local.cost.function_logs import metric_hours, reports, usage_of_logging, usage_of_reports

WARM = "REPORT RequestId: 8f5e\tDuration: 12.30 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB"
COLD = (
    "REPORT RequestId: 9a1b\tDuration: 100.00 ms\tBilled Duration: 100 ms\tMemory Size: 512 MB\t"
    "Max Memory Used: 70 MB\tInit Duration: 250.40 ms"
)


def call(service: str, operation: str, **parameters: object) -> RecordedCall:
    return RecordedCall(service=service, operation=operation, parameters=parameters)


SMALL = TableShape(item_bytes=500)


def test_a_warm_invocation_is_billed_for_its_duration() -> None:
    (report,) = reports([WARM])

    assert (report.billed_ms, report.init_ms) == (13, None)
    assert report.gb_seconds == Decimal("0.00325")  # 0.25 GB x 0.013 s


def test_a_cold_start_is_billed_for_its_init_phase() -> None:
    (report,) = reports([COLD])

    assert report.billed_ms == 351  # 100 + 250.4, rounded up
    assert report.gb_seconds == Decimal("0.1755")  # 0.5 GB x 0.351 s


def test_a_report_that_already_includes_init_is_not_billed_twice() -> None:
    (report,) = reports([COLD.replace("Billed Duration: 100 ms", "Billed Duration: 351 ms")])

    assert report.billed_ms == 351


def test_other_lines_are_no_reports() -> None:
    assert list(reports(["START RequestId: 1 Version: 2", "Duration: 5 ms", "END RequestId: 1"])) == []


@pytest.mark.parametrize(
    ("architecture", "charge"),
    [("arm64", Charge.LAMBDA_ARM_GB_SECONDS), ("x86_64", Charge.LAMBDA_X86_GB_SECONDS)],
)
def test_gb_seconds_go_to_their_architecture(architecture: str, charge: Charge) -> None:
    usage = usage_of_reports(reports([WARM, COLD]), architecture=architecture)

    assert usage == Usage({Charge.LAMBDA_REQUESTS: 2, charge: Decimal("0.17875")})


def test_ingested_logs_count_26_bytes_per_line() -> None:
    assert usage_of_logging(["é" * 12] * 2) == Usage({Charge.LOG_GB: Decimal(100) / 2**30})


def emf(timestamp: int, workflow: str, *names: str) -> str:
    return json.dumps(
        {
            "_aws": {
                "Timestamp": timestamp,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "VmImportExport",
                        "Dimensions": [["Workflow"]],
                        "Metrics": [{"Name": name} for name in names],
                    }
                ],
            },
            "Workflow": workflow,
        }
    )


def test_a_metric_counts_once_an_hour_however_often_it_is_sent() -> None:
    lines = [emf(0, "a", "Succeeded", "Duration"), emf(60_000, "a", "Succeeded"), "no JSON with _aws"]

    assert metric_hours(lines) == Usage({Charge.METRIC_HOURS: 2})


def test_a_metric_counts_again_in_another_hour_and_for_other_dimensions() -> None:
    lines = [emf(0, "a", "Failed"), emf(3_600_000, "a", "Failed"), emf(0, "b", "Failed")]

    assert metric_hours(lines) == Usage({Charge.METRIC_HOURS: 3})


def history(*kinds: str) -> list[dict[str, str]]:
    return [{"type": kind} for kind in kinds]


def test_transitions_are_the_start_the_states_entered_and_the_retries() -> None:
    events = history(
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskFailed",
        "TaskScheduled",
        "TaskSucceeded",
        "TaskStateExited",
        "WaitStateEntered",
        "WaitStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    )

    assert usage_of_history(events)[Charge.STATE_TRANSITIONS] == 5  # start, task, retry, wait, succeed


def test_lambda_retries_count_as_well() -> None:
    events = history("TaskStateEntered", *["LambdaFunctionScheduled", "LambdaFunctionFailed"] * 2)

    assert usage_of_history(events)[Charge.STATE_TRANSITIONS] == 3


def test_an_execution_without_a_history_costs_nothing() -> None:
    assert usage_of_history([]) == Usage()


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("PutObject", {Charge.S3_WRITES: 1, Charge.EVENTS: 1}),
        ("UploadPart", {Charge.S3_WRITES: 1}),
        ("ListObjectsV2", {Charge.S3_WRITES: 1}),
        ("GetObject", {Charge.S3_READS: 1}),
        ("HeadObject", {Charge.S3_READS: 1}),
        ("GetObjectTagging", {Charge.S3_READS: 1}),
        ("DeleteObject", {Charge.EVENTS: 1}),
        ("AbortMultipartUpload", {}),
    ],
)
def test_s3_requests_go_to_their_class(operation: str, expected: dict[Charge, int]) -> None:
    assert usage_of_calls([call("s3", operation)], SMALL) == Usage(expected)


def test_a_write_pays_for_its_size_and_for_every_index() -> None:
    table = TableShape(item_bytes=1500, indexes=2)

    usage = usage_of_calls([call("dynamodb", "PutItem"), call("dynamodb", "UpdateItem")], table)

    assert usage == Usage({Charge.DYNAMODB_WRITE_UNITS: 12})  # two writes, two units, table and two indexes


def test_a_transaction_pays_twice_for_each_of_its_writes() -> None:
    usage = usage_of_calls([call("dynamodb", "TransactWriteItems", TransactItems=[{}, {}, {}])], SMALL)

    assert usage == Usage({Charge.DYNAMODB_WRITE_UNITS: 6})


def test_a_read_pays_for_each_4_kib() -> None:
    usage = usage_of_calls(
        [call("dynamodb", "GetItem"), call("dynamodb", "Query")], TableShape(item_bytes=5000)
    )

    assert usage == Usage({Charge.DYNAMODB_READ_UNITS: 4})


def test_each_entry_of_put_events_is_an_event_and_large_ones_are_more() -> None:
    entries = [{"Detail": "{}"}, {"Detail": "x" * 70_000}]

    assert usage_of_calls([call("events", "PutEvents", Entries=entries)], SMALL) == Usage({Charge.EVENTS: 3})


def test_publishing_counts_one_notification() -> None:
    assert usage_of_calls([call("sns", "Publish", Message="done")], SMALL) == Usage({Charge.SNS_PUBLISHES: 1})


@pytest.mark.parametrize(
    ("service", "operation"), [("ec2", "ImportImage"), ("ssm", "GetParameter"), ("states", "StartExecution")]
)
def test_calls_that_aws_does_not_charge_for_count_as_nothing(service: str, operation: str) -> None:
    assert usage_of_calls([call(service, operation)], SMALL) == Usage()
