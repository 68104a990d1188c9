"""What an import and an export workflow offer alike: starting, measuring and following them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypedDict, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .drain import Drain
from .request_intake import RequestIntake
from .request_queues import RequestQueues
from .request_reconciler import RequestReconciler
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_function import METRICS_NAMESPACE, RuntimeFunction, RuntimePlatform
from .workflow_functions import WorkflowFunctions
from .workflow_limits import WorkflowLimits
from .workflow_state_machine import workflow_state_machine

EVENT_SOURCE = "vmie"
_FAILURES = ("Failed", "Rejected", "Cancelled", "TimedOut")


class MetricOptions(TypedDict, total=False):
    """What CloudWatch's metrics take beyond their name."""

    account: str
    color: str
    label: str
    period: Duration
    region: str
    statistic: str
    unit: cloudwatch.Unit


class Workflow(Construct):
    """A state machine with a requests table behind it; the base of `ImportWorkflow` and `ExportWorkflow`.

    Args:
        scope: The parent.
        construct_id: The id within it.
        kind: `import` or `export`.
    """

    _table: RequestsTable
    _results: ResultsOutlet
    _queues: RequestQueues
    _functions: WorkflowFunctions

    def __init__(self, scope: Construct, construct_id: str, *, kind: Literal["import", "export"]) -> None:
        super().__init__(scope, construct_id)
        self._kind = kind

    def _assemble(
        self,
        *,
        bucket: s3.IBucket,
        prefixes: Sequence[str],
        service_role: iam.IRole,
        allow_cleaning: Callable[[RuntimeFunction], None],
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        """Put what leads to the functions, and what watches them, around the functions.

        Args:
            bucket: Where requests are dropped.
            prefixes: What their keys begin with.
            service_role: Must outlive whatever runs with it.
            allow_cleaning: Lets a function cancel tasks and remove what they made.
            limits: How much runs at once, and for how long.
            platform: Runtime, architecture and log retention.
        """
        self._state_machine = workflow_state_machine(
            self,
            steps=self._functions.steps,
            functions=self._functions.by_name.values(),
            limits=limits,
            platform=platform,
        )
        self._reconciler = RequestReconciler(
            self,
            "Reconciler",
            kind=self._kind,
            requests_table=self._table,
            results=self._results,
            allow_cleaning=allow_cleaning,
            limits=limits,
            platform=platform,
        )
        self._intake = RequestIntake(
            self,
            "Intake",
            kind=self._kind,
            bucket=bucket,
            prefixes=prefixes,
            requests_table=self._table,
            results=self._results,
            queues=self._queues,
            reconciler=self._reconciler.function.function,
            limits=limits,
            platform=platform,
        )
        self._drain = Drain(
            self,
            "Drain",
            requests_table=self._table,
            results=self._results,
            allow_cleaning=allow_cleaning,
            state_machine=self._state_machine,
            environment=self._reconciler.environment,
            needs=[bucket, service_role],
            platform=platform,
        )
        # On deletion, what brings work in goes first, then the drain, and then what the drain needs.
        self._intake.start_after(self._drain.resource)
        self._reconciler.watch(self._state_machine, start_after=self._drain.resource)

    def wake_at_ends_of(self, other: Workflow) -> None:
        """Look for work whenever an execution of another workflow has ended, with which leases are shared.

        Args:
            other: A workflow with the same requests table.
        """
        self._reconciler.wake_at_ends(
            other.state_machine, "OtherExecutionEnded", start_after=self._drain.resource
        )

    @property
    def queue(self) -> sqs.IQueue:
        """S3's events on their way in."""
        return self._queues.queue

    @property
    def dead_letter_queue(self) -> sqs.IQueue:
        """Events that could not be taken in; anything in it deserves an alarm."""
        return self._queues.dead_letter_queue

    @property
    def topic(self) -> sns.ITopic:
        """Told of every end."""
        return self._results.topic

    @property
    def event_bus(self) -> events.IEventBus:
        """Carries results as events."""
        return self._results.event_bus

    @property
    def pause_parameter(self) -> ssm.IStringParameter:
        """Set it to `true` to admit nothing more."""
        return self._reconciler.pause_parameter

    @property
    def functions(self) -> Mapping[str, lambda_.Function]:
        """The Lambda functions by name: the steps, `Intake`, `Reconciler` and `Drain`."""
        steps = {name: step.function for name, step in self._functions.by_name.items()}
        return {
            **steps,
            "Intake": self._intake.function.function,
            "Reconciler": self._reconciler.function.function,
            "Drain": self._drain.function.function,
        }

    @property
    def state_machine(self) -> sfn.StateMachine:
        """One execution carries one admitted request to its end."""
        return self._state_machine

    @property
    def requests_table(self) -> RequestsTable:
        """What the pipeline remembers."""
        return self._table

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal start executions itself, past the queue; the first step checks these too."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["states:StartExecution"],
            resource_arns=[self._state_machine.state_machine_arn],
        )

    def metric_succeeded(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests that succeeded. Default: the sum over five minutes."""
        return self._metric("Succeeded", {"statistic": "Sum", **options})

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests that failed or timed out. Default: the sum over five minutes."""
        return self._metric("Failed", {"statistic": "Sum", **options})

    def metric_duration(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Milliseconds from admission to the end. Default: the average over five minutes."""
        return self._metric("Duration", {"statistic": "Average", **options})

    def on_succeeded(
        self, rule_id: str, *, target: events.IRuleTarget | None = None, description: str | None = None
    ) -> events.Rule:
        """Call a target with every result that is a success.

        Args:
            rule_id: The rule's id within this construct.
            target: What to call. Default: add targets to the rule later.
            description: Default: none.
        """
        return self._on(rule_id, ("Succeeded",), target, description)

    def on_failed(
        self, rule_id: str, *, target: events.IRuleTarget | None = None, description: str | None = None
    ) -> events.Rule:
        """Call a target with every result that failed, was rejected or cancelled, or timed out.

        Args:
            rule_id: The rule's id within this construct.
            target: What to call. Default: add targets to the rule later.
            description: Default: none.
        """
        return self._on(rule_id, _FAILURES, target, description)

    def _metric(self, name: str, options: MetricOptions) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"Kind": self._kind, "Workflow": self._table.table_name},
            **options,
        )

    def _on(
        self,
        rule_id: str,
        ends: tuple[str, ...],
        target: events.IRuleTarget | None,
        description: str | None,
    ) -> events.Rule:
        return events.Rule(
            self,
            rule_id,
            description=description,
            event_bus=self.event_bus,
            event_pattern=events.EventPattern(
                source=[EVENT_SOURCE],
                detail_type=[f"VM {self._kind.title()} {end}" for end in ends],
                detail={"Workflow": [self._table.table_name]},
            ),
            targets=None if target is None else [target],
        )
