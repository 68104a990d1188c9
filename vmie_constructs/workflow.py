"""What an import and an export workflow offer alike: starting, measuring and following them."""

from __future__ import annotations

from typing import TypedDict, Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .requests_table import RequestsTable
from .runtime_function import METRICS_NAMESPACE

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
    """A state machine with a requests table behind it; the base of `ImportWorkflow`.

    Args:
        scope: The parent.
        construct_id: The id within it.
        kind: The first words of the detail-type of its events, such as `VM Import`.
    """

    _table: RequestsTable
    _state_machine: sfn.StateMachine

    def __init__(self, scope: Construct, construct_id: str, *, kind: str) -> None:
        super().__init__(scope, construct_id)
        self._kind = kind

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

    def _event_bus(self) -> events.IEventBus:
        raise NotImplementedError

    def _metric(self, name: str, options: MetricOptions) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"Workflow": self._table.table_name},
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
            event_bus=self._event_bus(),
            event_pattern=events.EventPattern(
                source=[EVENT_SOURCE],
                detail_type=[f"{self._kind} {end}" for end in ends],
                detail={"Workflow": [self._table.table_name]},
            ),
            targets=None if target is None else [target],
        )
