"""What happens to live tasks when the stack is destroyed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IConstruct

from .request_reconciler import allow_executions, allow_reconciling
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform

# Lambda's longest invocation, and time for CloudFormation to notice the answer.
_TIMEOUT = Duration.minutes(15)
_SERVICE_TIMEOUT = Duration.minutes(20)


class Drain(Construct):
    """Cancels what runs and records it, before CloudFormation deletes what that takes.

    The custom resource is answered by the function itself, which does nothing on creation and update.

    Args:
        scope: The parent.
        construct_id: The id within it.
        requests_table: The requests.
        results: Where ends are published.
        allow_cleaning: Lets a function cancel tasks and remove what they made.
        state_machine: Whose executions are stopped.
        environment: What a function that reconciles needs to know.
        needs: What must outlive the drain.
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
        state_machine: sfn.StateMachine,
        environment: Mapping[Variable, str],
        needs: Sequence[IConstruct],
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._function = RuntimeFunction(
            self,
            "Function",
            handler="drain",
            description="Cancels live tasks when the stack is deleted",
            lost_event_reason="CloudFormation waits for the answer and shows that it never came.",
            environment=environment,
            memory=512,
            timeout=_TIMEOUT,
            platform=platform,
        )
        allow_reconciling(self._function, requests_table, results)
        allow_cleaning(self._function)
        allow_executions(self._function, state_machine)
        self._resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::VmieDrain",
            # Not a version: CloudFormation refuses to change a service token.
            service_token=self._function.function.function_arn,
            service_timeout=_SERVICE_TIMEOUT,
            properties={"Workflow": requests_table.table_name},
        )
        self._resource.node.add_dependency(self._function, requests_table, results, state_machine, *needs)

    @property
    def function(self) -> RuntimeFunction:
        """The draining function."""
        return self._function

    @property
    def resource(self) -> CustomResource:
        """The custom resource; what brings in new work depends on it and so is deleted before the drain."""
        return self._resource
