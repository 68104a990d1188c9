"""From an S3 event to an item of the requests table."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IDependable

from .acknowledgements import SERVERLESS, acknowledge
from .import_bucket import IMAGES, REQUESTS, SNAPSHOTS
from .requests_table import SOURCE_INDEX, RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_limits import WorkflowLimits

_TIMEOUT = Duration.minutes(1)
_BATCH = 10


class RequestIntake(Construct):
    """Enters objects below `images/`, `snapshots/` and `requests/` into the requests table.

    An event that cannot be entered is tried five times and then kept in the dead-letter queue for two weeks.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: The import bucket; EventBridge notifications are on.
        requests_table: Where requests are entered.
        results: Where rejections are published.
        reconciler: The function to wake.
        limits: It is not woken while as much runs as may.
        platform: Runtime, architecture, log retention and key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        requests_table: RequestsTable,
        results: ResultsOutlet,
        reconciler: lambda_.IFunction,
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._dead_letter_queue = _queue(
            self,
            "DeadLetterQueue",
            encryption_key=platform.encryption_key,
            retention_period=Duration.days(14),
        )
        acknowledge(
            self._dead_letter_queue, "SQSRedrivePolicy", (SERVERLESS,), "This is the dead-letter queue."
        )
        self._queue = _queue(
            self,
            "Queue",
            encryption_key=platform.encryption_key,
            # AWS's advice for a queue that feeds a function: six times the function's timeout.
            visibility_timeout=Duration.seconds(6 * _TIMEOUT.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self._dead_letter_queue, max_receive_count=5),
        )
        self._function = RuntimeFunction(
            self,
            "Function",
            handler="intake",
            description="Enters dropped disk images and requests into the requests table",
            lost_event_reason="The queue keeps what fails and moves it to its own dead-letter queue.",
            environment={
                **results.environment,
                Variable.REQUESTS_TABLE: requests_table.table_name,
                Variable.RECONCILER_FUNCTION: reconciler.function_arn,
                Variable.MAX_CONCURRENT_TASKS: str(limits.max_concurrent_tasks),
            },
            timeout=_TIMEOUT,
            platform=platform,
        )
        requests_table.grant_items(
            self._function.role, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
        )
        requests_table.grant_query(self._function.role, SOURCE_INDEX)
        results.grant_publish_ends(self._function)
        self._function.allow(["lambda:InvokeFunction"], [reconciler.function_arn])
        self._queue.grant_consume_messages(self._function.role)
        self._mapping = lambda_.EventSourceMapping(
            self,
            "EventSourceMapping",
            target=self._function.function,
            event_source_arn=self._queue.queue_arn,
            batch_size=_BATCH,
            report_batch_item_failures=True,
        )
        acknowledge(
            self._mapping,
            "LambdaEventSourceMappingDestination",
            (SERVERLESS,),
            "Mappings of SQS queues take no destination; the queue has a dead-letter queue.",
        )
        self._rule = events.Rule(
            self,
            "Rule",
            description="Objects made or deleted in the import bucket",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created", "Object Deleted"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": prefix} for prefix in (IMAGES, SNAPSHOTS, REQUESTS)]},
                },
            ),
            targets=[targets.SqsQueue(self._queue, dead_letter_queue=self._dead_letter_queue)],
        )

    @property
    def queue(self) -> sqs.IQueue:
        """S3's events on their way to the intake function."""
        return self._queue

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """Events that could not be entered; anything in it deserves an alarm."""
        return self._dead_letter_queue

    @property
    def function(self) -> RuntimeFunction:
        """The intake function."""
        return self._function

    def start_after(self, dependency: IDependable) -> None:
        """Take in nothing before `dependency` exists, and nothing any more when it is being deleted."""
        self._rule.node.add_dependency(dependency)
        self._mapping.node.add_dependency(dependency)


def _queue(
    scope: Construct,
    construct_id: str,
    *,
    encryption_key: kms.IKey | None,
    retention_period: Duration | None = None,
    visibility_timeout: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS if encryption_key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=encryption_key,
        enforce_ssl=True,
        retention_period=retention_period,
        visibility_timeout=visibility_timeout,
        dead_letter_queue=dead_letter_queue,
    )
