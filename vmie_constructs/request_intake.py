"""From an S3 event to an item of the requests table."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct, IDependable

from .acknowledgements import SERVERLESS, acknowledge
from .bucket_grants import grant_missing_told, grant_read_objects
from .import_bucket import REQUESTS
from .request_queues import INTAKE_TIMEOUT, RequestQueues
from .requests_table import OPEN_INDEX, SOURCE_INDEX, RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_limits import WorkflowLimits

_BATCH = 10


class RequestIntake(Construct):
    """Enters what is dropped into a bucket into the requests table.

    An event that cannot be entered is tried five times and then kept in the dead-letter queue for two weeks.

    Args:
        scope: The parent.
        construct_id: The id within it.
        kind: `import` or `export`.
        bucket: Where requests are dropped; EventBridge notifications are on.
        prefixes: What the keys of requests begin with.
        requests_table: Where requests are entered.
        results: Where rejections are published.
        queues: Where events wait, and where those are kept that cannot be entered.
        reconciler: The function to wake.
        limits: It is not woken while as much runs as may.
        platform: Runtime, architecture, log retention and key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        kind: str,
        bucket: s3.IBucket,
        prefixes: Sequence[str],
        requests_table: RequestsTable,
        results: ResultsOutlet,
        queues: RequestQueues,
        reconciler: lambda_.IFunction,
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._function = RuntimeFunction(
            self,
            "Function",
            handler="intake",
            description="Enters dropped disk images and requests into the requests table",
            lost_event_reason="The queue keeps what fails and moves it to its own dead-letter queue.",
            environment={
                **results.environment,
                Variable.REQUESTS_TABLE: requests_table.table_name,
                Variable.WORKFLOW_KIND: kind,
                Variable.RECONCILER_FUNCTION: reconciler.function_arn,
                Variable.MAX_CONCURRENT_TASKS: str(limits.max_concurrent_tasks),
            },
            # A fleet's 10,000 requests are parsed and entered at once.
            memory=1024,
            timeout=INTAKE_TIMEOUT,
            platform=platform,
        )
        requests_table.grant_items(
            self._function.role, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
        )
        requests_table.grant_query(self._function.role, SOURCE_INDEX)
        requests_table.grant_query(self._function.role, OPEN_INDEX)
        results.grant_publish_ends(self._function)
        grant_read_objects(bucket, self._function.role, REQUESTS)
        grant_missing_told(bucket, self._function.role)
        self._function.allow(["lambda:InvokeFunction"], [reconciler.function_arn])
        queues.queue.grant_consume_messages(self._function.role)
        self._mapping = lambda_.EventSourceMapping(
            self,
            "EventSourceMapping",
            target=self._function.function,
            event_source_arn=queues.queue.queue_arn,
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
            description="Requests dropped into the bucket, or deleted there",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created", "Object Deleted"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": prefix} for prefix in prefixes]},
                },
            ),
            targets=[targets.SqsQueue(queues.queue, dead_letter_queue=queues.dead_letter_queue)],
        )

    @property
    def function(self) -> RuntimeFunction:
        """The intake function."""
        return self._function

    def start_after(self, dependency: IDependable) -> None:
        """Take in nothing before `dependency` exists, and nothing any more when it is being deleted."""
        self._rule.node.add_dependency(dependency)
        self._mapping.node.add_dependency(dependency)
