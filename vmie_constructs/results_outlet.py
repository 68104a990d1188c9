"""Where results go: the bucket's `results/`, an event bus and a topic."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from .bucket_grants import grant_write_objects
from .import_bucket import RESULTS
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction


class ResultsOutlet(Construct):
    """Writes results to S3, sends them as events and notifies subscribers of the ends.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: The bucket with the `results/`.
        event_bus: Default: the account's default bus.
        topic: An existing topic. Default: a new one that takes TLS only and is encrypted with the account's
            `alias/aws/sns`, which costs nothing and lets subscribers of the account read; a subscriber in
            another account needs a topic with a key of yours.
        encryption_key: Encrypts the new topic instead of `alias/aws/sns`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        event_bus: events.IEventBus | None = None,
        topic: sns.ITopic | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket = bucket
        self._bus = event_bus or events.EventBus.from_event_bus_name(self, "DefaultBus", "default")
        self._topic = topic or self._new_topic(encryption_key)
        self._topic_key = encryption_key

    @property
    def topic(self) -> sns.ITopic:
        """The topic that is told of every end."""
        return self._topic

    @property
    def event_bus(self) -> events.IEventBus:
        """The bus that carries the results as events."""
        return self._bus

    @property
    def environment(self) -> dict[Variable, str]:
        """What a function needs to know to publish results."""
        return {
            Variable.BUCKET: self._bucket.bucket_name,
            Variable.EVENT_BUS: self._bus.event_bus_name,
            Variable.TOPIC_ARN: self._topic.topic_arn,
        }

    def grant_publish_steps(self, function: RuntimeFunction) -> None:
        """Let the function tell how a request goes on: write the result and send its event."""
        grant_write_objects(self._bucket, function.role, RESULTS)
        function.allow(["events:PutEvents"], [self._bus.event_bus_arn])

    def grant_publish_ends(self, function: RuntimeFunction) -> None:
        """Let the function tell how a request ends too: subscribers of the topic hear of ends only."""
        self.grant_publish_steps(function)
        function.allow(["sns:Publish"], [self._topic.topic_arn])
        if self._topic_key is not None:
            self._topic_key.grant(function.role, "kms:Decrypt", "kms:GenerateDataKey")

    def _new_topic(self, key: kms.IKey | None) -> sns.Topic:
        topic = sns.Topic(self, "Topic", enforce_ssl=True, master_key=key)
        if key is None:
            resource = topic.node.default_child
            assert isinstance(resource, sns.CfnTopic)  # noqa: S101
            resource.kms_master_key_id = "alias/aws/sns"
        return topic
