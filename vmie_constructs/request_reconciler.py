"""The reconciler: it compares the table, the executions and the EC2 tasks, and acts on what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IDependable

from .acknowledgements import SERVERLESS, acknowledge
from .requests_table import OPEN_INDEX, SOURCE_INDEX, RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_limits import WorkflowLimits

_ROUND = Duration.minutes(5)
_ENDS = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


class RequestReconciler(Construct):
    """Admits requests, and mends whatever an event was lost for, at least every five minutes.

    Args:
        scope: The parent.
        construct_id: The id within it.
        requests_table: The requests.
        results: Where ends are published.
        allow_cleaning: Lets a function cancel tasks and remove what they made.
        kind: `import` or `export`.
        limits: How much runs at once, and for how long.
        platform: Runtime, architecture and log retention.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        requests_table: RequestsTable,
        results: ResultsOutlet,
        allow_cleaning: Callable[[RuntimeFunction], None],
        kind: str,
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._pause = ssm.StringParameter(
            self,
            "Pause",
            string_value="false",
            allowed_pattern="^(true|false)$",
            description="true: requests queue and none is admitted; what runs goes on",
        )
        self._environment = {
            **results.environment,
            Variable.REQUESTS_TABLE: requests_table.table_name,
            Variable.WORKFLOW_KIND: kind,
            Variable.PAUSE_PARAMETER: self._pause.parameter_name,
            Variable.MAX_CONCURRENT_TASKS: str(limits.max_concurrent_tasks),
            Variable.DEADLINE_SECONDS: str(limits.deadline.to_seconds()),
        }
        self._function = RuntimeFunction(
            self,
            "Function",
            handler="reconciler",
            description="Admits queued requests and mends what events missed",
            lost_event_reason="Every round looks at everything: the next one makes up for a failed one.",
            environment=self._environment,
            memory=512,
            timeout=Duration.minutes(3),
            platform=platform,
        )
        allow_reconciling(self._function, requests_table, results)
        allow_cleaning(self._function)
        self._function.allow(["ssm:GetParameter"], [self._pause.parameter_arn])

    @property
    def function(self) -> RuntimeFunction:
        """The reconciling function."""
        return self._function

    @property
    def environment(self) -> Mapping[Variable, str]:
        """What a function that reconciles needs to know, beside the state machine."""
        return self._environment

    @property
    def pause_parameter(self) -> ssm.IStringParameter:
        """`true` admits nothing more; a deployment leaves the value as it is."""
        return self._pause

    def watch(self, state_machine: sfn.StateMachine, *, start_after: IDependable) -> None:
        """Admit into the state machine and wake at the ends of its executions and on a schedule.

        Args:
            state_machine: Whose executions are meant.
            start_after: Nothing wakes the reconciler before it exists, or any more once it is being deleted.
        """
        # A direct start waits with a task token, which belongs to the state machine.
        self._function.allow(
            ["states:StartExecution", "states:SendTaskSuccess"], [state_machine.state_machine_arn]
        )
        allow_executions(self._function, state_machine)
        schedule = events.Rule(
            self,
            "Schedule",
            description="Wakes the reconciler even where an event was lost",
            schedule=events.Schedule.rate(_ROUND),
            targets=[self._target()],
        )
        _may_be_lost(schedule, start_after)
        self.wake_at_ends(state_machine, "ExecutionEnded", start_after=start_after)

    def wake_at_ends(
        self, state_machine: sfn.IStateMachine, rule_id: str, *, start_after: IDependable
    ) -> None:
        """Wake at the ends of a state machine's executions: a lease may be free then.

        Args:
            state_machine: Whose executions are meant.
            rule_id: The rule's id within this construct.
            start_after: Nothing wakes the reconciler before it exists, or any more once it is being deleted.
        """
        rule = events.Rule(
            self,
            rule_id,
            description="Executions that ended and may have left a lease free",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [state_machine.state_machine_arn], "status": _ENDS},
            ),
            targets=[self._target()],
        )
        _may_be_lost(rule, start_after)

    def _target(self) -> targets.LambdaFunction:
        # The next round is at most five minutes away and sees whatever this one would have.
        return targets.LambdaFunction(self._function.function, retry_attempts=2, max_event_age=_ROUND)


def _may_be_lost(rule: events.Rule, start_after: IDependable) -> None:
    rule.node.add_dependency(start_after)
    acknowledge(
        rule,
        "EventBusDLQ",
        (SERVERLESS,),
        "A lost event loses nothing: the next scheduled round looks at everything.",
    )


def allow_reconciling(
    function: RuntimeFunction, requests_table: RequestsTable, results: ResultsOutlet
) -> None:
    """Let a function do to requests and results what the reconciler does."""
    requests_table.grant_items(function.role, "dynamodb:GetItem", "dynamodb:UpdateItem")
    requests_table.grant_query(function.role, OPEN_INDEX)
    requests_table.grant_query(function.role, SOURCE_INDEX)
    results.grant_publish_ends(function)


def allow_executions(function: RuntimeFunction, state_machine: sfn.StateMachine) -> None:
    """Let a function see and stop executions of the state machine, and tell it which one that is."""
    executions = Stack.of(function).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{state_machine.state_machine_name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    function.allow(
        ["states:DescribeExecution", "states:StopExecution"],
        [executions],
        wildcard_reason="Executions of this state machine only; each request gives its own its name.",
    )
    function.set_environment(Variable.STATE_MACHINE_ARN, state_machine.state_machine_arn)
