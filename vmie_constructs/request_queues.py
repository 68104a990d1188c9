"""The queue that requests come through, and those that keep what went wrong."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .acknowledgements import SERVERLESS, acknowledge

# The longest that Lambda allows: a fleet of 10,000 requests is taken in, or stopped, in one delivery.
INTAKE_TIMEOUT = Duration.minutes(15)
_MOST_TRIES = 5


class DeadLetterQueue(sqs.Queue):
    """A queue that keeps for two weeks what could not be delivered or taken in.

    Args:
        scope: The parent.
        construct_id: The id within it.
        encryption_key: Default: keys that SQS manages.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey | None = None
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=_encryption(encryption_key),
            encryption_master_key=encryption_key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        acknowledge(self, "SQSRedrivePolicy", (SERVERLESS,), "This is the dead-letter queue.")


class RequestQueues(Construct):
    """A queue with a dead-letter queue; an event that cannot be taken in is tried five times and then kept.

    Args:
        scope: The parent.
        construct_id: The id within it.
        encryption_key: Default: keys that SQS manages.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        self._dead_letter_queue = DeadLetterQueue(self, "DeadLetterQueue", encryption_key=encryption_key)
        self._queue = sqs.Queue(
            self,
            "Queue",
            encryption=_encryption(encryption_key),
            encryption_master_key=encryption_key,
            enforce_ssl=True,
            # AWS advises six times the function's timeout, for functions that are throttled. What a function
            # that died left undone would wait 90 minutes then; twice the timeout outlasts every delivery.
            visibility_timeout=Duration.seconds(2 * INTAKE_TIMEOUT.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self._dead_letter_queue, max_receive_count=_MOST_TRIES
            ),
        )

    @property
    def queue(self) -> sqs.IQueue:
        """Events on their way to the intake function."""
        return self._queue

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """Events that could not be taken in; anything in it deserves an alarm."""
        return self._dead_letter_queue


def _encryption(key: kms.IKey | None) -> sqs.QueueEncryption:
    return sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED
