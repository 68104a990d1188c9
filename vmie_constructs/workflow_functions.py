"""The functions behind the steps of a workflow: what imports and exports have alike."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .allowed import Allowed
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_definition import WorkflowSteps
from .workflow_limits import WorkflowLimits


class WorkflowFunctions(Construct):
    """One function per step of a state machine; the base of `ImportFunctions` and `ExportFunctions`.

    Args:
        scope: The parent.
        construct_id: The id within it.
        kind: `import` or `export`.
        bucket: Where requests lie.
        service_role: The role that goes along with the tasks.
        requests_table: The requests.
        results: Where results are published.
        queue: Wakes the reconciler for a request that somebody started directly.
        allowed: What requests may name beyond what is the workflow's own.
        limits: How much runs at once, and for how long.
        platform: Runtime, architecture and log retention.
    """

    _steps: WorkflowSteps

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        kind: str,
        bucket: s3.IBucket,
        service_role: iam.IRole,
        requests_table: RequestsTable,
        results: ResultsOutlet,
        queue: sqs.IQueue,
        allowed: Allowed,
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket, self._service_role, self._queue = bucket, service_role, queue
        self._table, self._results = requests_table, results
        self._allowed, self._limits, self._platform = allowed, limits, platform
        self._common = {
            Variable.REQUESTS_TABLE: requests_table.table_name,
            Variable.WORKFLOW_KIND: kind,
        }
        self._by_name: dict[str, RuntimeFunction] = {}

    @property
    def steps(self) -> WorkflowSteps:
        """The published versions that the state machine calls."""
        return self._steps

    @property
    def by_name(self) -> Mapping[str, RuntimeFunction]:
        """The functions by their construct ids."""
        return self._by_name

    def _await_admission(self) -> RuntimeFunction:
        function = self._step(
            "AwaitAdmission",
            "Queues a request that somebody started directly",
            {**self._common, **self._results.environment, Variable.QUEUE_URL: self._queue.queue_url},
        )
        self._table.grant_items(function.role, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
        self._results.grant_publish_ends(function)
        function.allow(["sqs:SendMessage"], [self._queue.queue_arn])
        if self._queue.encryption_master_key is not None:
            self._queue.encryption_master_key.grant(function.role, "kms:Decrypt", "kms:GenerateDataKey")
        return function

    def _validate_request(self) -> RuntimeFunction:
        function = self._step(
            "ValidateRequest",
            "Checks a request and what it names",
            {
                **self._common,
                **self._of_owner,
                Variable.DEADLINE_SECONDS: str(self._limits.deadline.to_seconds()),
            },
        )
        self._allow_table(function)
        return function

    def _start_task(self) -> RuntimeFunction:
        function = self._step(
            "StartTask",
            "Starts or adopts what a request asks EC2 for",
            {**self._common, **self._of_owner},
        )
        self._allow_table(function)
        # No iam:PassedToService condition: no source documents what VM Import/Export puts there.
        function.allow(["iam:PassRole"], [self._service_role.role_arn])
        self._allowed.allow_passing_roles(function)
        return function

    def _poll_task(self) -> RuntimeFunction:
        function = self._step(
            "PollTask",
            "Follows what EC2 runs for a request",
            {
                **self._common,
                **self._results.environment,
                Variable.STALL_SECONDS: str(self._limits.stall_timeout.to_seconds()),
            },
        )
        self._allow_table(function)
        self._results.grant_publish_steps(function)
        return function

    def _finish_request(self) -> RuntimeFunction:
        function = self._step(
            "FinishRequest",
            "Makes sure of what was made and writes it down",
            {**self._common, **self._of_owner},
        )
        self._allow_table(function)
        return function

    def _diagnose_failure(self) -> RuntimeFunction:
        function = self._step(
            "DiagnoseFailure", "Finds the cause and the remedy of a failure", self._of_owner
        )
        function.allow(["iam:GetRole", "iam:SimulatePrincipalPolicy"], [self._service_role.role_arn])
        self._allowed.allow_examining_roles(function)
        return function

    def _clean_up(self) -> RuntimeFunction:
        function = self._step(
            "CleanUp",
            "Cancels the task and deletes what was half made",
            {**self._common, Variable.BUCKET: self._bucket.bucket_name},
        )
        self._allow_table(function)
        return function

    def _record_result(self) -> RuntimeFunction:
        function = self._step(
            "RecordResult",
            "Writes, sends and notifies of a result",
            {**self._common, **self._results.environment},
        )
        self._allow_table(function)
        self._results.grant_publish_ends(function)
        return function

    @property
    def _of_owner(self) -> dict[Variable, str]:
        """What the stack's owner configured about requests."""
        return {
            Variable.BUCKET: self._bucket.bucket_name,
            Variable.SERVICE_ROLE_NAME: self._service_role.role_name,
            Variable.ALLOWED: self._allowed.to_json(self),
        }

    def _allow_table(self, function: RuntimeFunction) -> None:
        self._table.grant_items(function.role, "dynamodb:GetItem", "dynamodb:UpdateItem")

    def _step(
        self,
        name: str,
        description: str,
        environment: Mapping[Variable, str],
        *,
        memory: int = 256,
        timeout: Duration | None = None,
    ) -> RuntimeFunction:
        function = RuntimeFunction(
            self,
            name,
            handler=f"steps.{_snake_case(name)}",
            description=description,
            lost_event_reason="Step Functions waits for the answer, retries and catches.",
            environment=environment,
            memory=memory,
            timeout=timeout,
            platform=self._platform,
        )
        self._by_name[name] = function
        return function


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
