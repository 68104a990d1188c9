from __future__ import annotations

import json
from typing import Any

import pytest

from vmie_local.functions.event_sources import EventSourceMapping, failed_messages, record

MAPPING = EventSourceMapping(
    uuid="u",
    queue_arn="arn:aws:sqs:eu-west-1:123456789012:uploads",
    function="intake",
    batch_size=10,
    report_failures=True,
)
IDS = {"m1", "m2"}


def test_a_message_becomes_a_record_as_lambda_makes_it() -> None:
    message = {
        "MessageId": "m1",
        "ReceiptHandle": "handle",
        "Body": "{}",
        "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "Attributes": {"ApproximateReceiveCount": "1"},
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x"}},
    }
    assert record(MAPPING, message) == {
        "messageId": "m1",
        "receiptHandle": "handle",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {
            "kind": {
                "stringValue": "x",
                "binaryValue": None,
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
        },
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:uploads",
        "awsRegion": "eu-west-1",
    }


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "m2"}]}, {"m2"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, IDS),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, IDS),
        ({"batchItemFailures": [{"wrongKey": "m1"}]}, IDS),
        ({"batchItemFailures": "m1"}, IDS),
        ("text", IDS),
    ],
)
def test_which_messages_go_back_to_the_queue(answer: Any, failed: set[str]) -> None:
    assert failed_messages(MAPPING, json.dumps(answer).encode(), IDS) == failed


def test_without_partial_failures_the_answer_does_not_matter() -> None:
    mapping = EventSourceMapping(uuid="u", queue_arn=MAPPING.queue_arn, function="f", batch_size=1)
    answer = json.dumps({"batchItemFailures": [{"itemIdentifier": "m1"}]}).encode()
    assert failed_messages(mapping, answer, IDS) == set()
