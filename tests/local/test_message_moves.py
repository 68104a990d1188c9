"""Dead letters through boto3: kept after so many tries, and moved back."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.local.making import Making
from vmie_local import LocalAws


@pytest.fixture
def making(cloud: LocalAws) -> Making:
    return Making(cloud)


def test_dead_letters_go_back_to_their_queue_and_count_their_receipts_anew(making: Making) -> None:
    letters, letters_arn = making.queue()
    policy = json.dumps({"deadLetterTargetArn": letters_arn, "maxReceiveCount": 1})
    queue, _ = making.queue(RedrivePolicy=policy, VisibilityTimeout="0")
    attributes = {"Kind": {"DataType": "String", "StringValue": "letter"}}
    making.sqs.send_message(QueueUrl=queue, MessageBody="hello", MessageAttributes=attributes)
    for _ in range(2):
        making.sqs.receive_message(QueueUrl=queue)
    assert making.empty(queue)

    handle = making.sqs.start_message_move_task(SourceArn=letters_arn)["TaskHandle"]
    (move,) = making.sqs.list_message_move_tasks(SourceArn=letters_arn)["Results"]
    (message,) = making.receive(queue)

    assert handle
    assert (move["Status"], move["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    assert (message["Body"], message["MessageAttributes"]) == ("hello", attributes)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert making.empty(letters)


def test_only_dead_letter_queues_are_moved_from(making: Making) -> None:
    _, plain = making.queue()
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*Dead Letter Queue"):
        making.sqs.start_message_move_task(SourceArn=plain)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        making.sqs.start_message_move_task(SourceArn=f"{plain}-gone")


def test_letters_of_several_queues_go_back_each_to_its_own(making: Making) -> None:
    _, arn = making.queue()
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    queues = [making.queue(RedrivePolicy=policy, VisibilityTimeout="0")[0] for _ in range(2)]
    for number, queue in enumerate(queues):
        making.sqs.send_message(QueueUrl=queue, MessageBody=f"letter {number}")
        for _ in range(2):
            making.sqs.receive_message(QueueUrl=queue)

    making.sqs.start_message_move_task(SourceArn=arn)

    received = [[each["Body"] for each in making.receive(queue)] for queue in queues]
    assert received == [["letter 0"], ["letter 1"]]


def test_a_letter_that_came_from_no_queue_needs_a_destination(making: Making) -> None:
    letters, arn = making.queue()
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    queue, queue_arn = making.queue(RedrivePolicy=policy)
    making.sqs.send_message(QueueUrl=letters, MessageBody="from EventBridge")

    making.sqs.start_message_move_task(SourceArn=arn)
    (failed,) = making.sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (failed["Status"], failed["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert (failed["ApproximateNumberOfMessagesMoved"], failed["ApproximateNumberOfMessagesToMove"]) == (0, 1)
    assert making.empty(queue)

    making.sqs.start_message_move_task(SourceArn=arn, DestinationArn=queue_arn)
    (move,) = making.sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (move["Status"], move["DestinationArn"]) == ("COMPLETED", queue_arn)
    assert [each["Body"] for each in making.receive(queue)] == ["from EventBridge"]
