"""The functions behind the steps of an import, with what each may do."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .allowed import Allowed
from .bucket_grants import grant_missing_told, grant_objects, grant_read_objects
from .import_defaults import ImportDefaults
from .import_permissions import (
    allow_cleaning,
    allow_finishing,
    allow_polling,
    allow_starting,
    allow_validating,
)
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_definition import WorkflowSteps
from .workflow_limits import WorkflowLimits


class ImportFunctions(Construct):
    """One function per step of the state machine.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: The import bucket.
        service_role: The role that goes along with the tasks.
        requests_table: The requests.
        results: Where results are published.
        queue: Wakes the reconciler for a request that somebody started directly.
        defaults: What a request gets that does not say otherwise.
        allowed: What requests may name beyond what is the workflow's own.
        limits: How much runs at once, and for how long.
        platform: Runtime, architecture and log retention.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        service_role: iam.IRole,
        requests_table: RequestsTable,
        results: ResultsOutlet,
        queue: sqs.IQueue,
        defaults: ImportDefaults,
        allowed: Allowed,
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket, self._service_role, self._queue = bucket, service_role, queue
        self._table, self._results = requests_table, results
        self._defaults, self._allowed, self._limits, self._platform = defaults, allowed, limits, platform
        self._by_name: dict[str, RuntimeFunction] = {}
        self._steps = WorkflowSteps(
            await_admission=self._await_admission().current_version,
            validate_request=self._validate_request().current_version,
            inspect_image=self._inspect_image().current_version,
            start_task=self._start_task().current_version,
            poll_task=self._poll_task().current_version,
            finish_request=self._finish_request().current_version,
            diagnose_failure=self._diagnose_failure().current_version,
            clean_up=self._clean_up().current_version,
            record_result=self._record_result().current_version,
        )

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
            {
                **self._table_name,
                **self._results.environment,
                Variable.QUEUE_URL: self._queue.queue_url,
            },
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
            "Checks a request and looks at its disks",
            {
                **self._table_name,
                **self._of_owner,
                Variable.DEADLINE_SECONDS: str(self._limits.deadline.to_seconds()),
            },
        )
        self._allow_table(function)
        self._allow_sources(function)
        # Disks that a request file names lie wherever in the bucket its owner put them.
        grant_objects(self._bucket, function.role, ["s3:GetObjectTagging", "s3:PutObjectTagging"])
        allow_validating(function)
        self._allowed.allow_checking_keys(function)
        if self._defaults.image_encryption_key is not None:
            self._defaults.image_encryption_key.grant(function.role, "kms:DescribeKey", "kms:GetKeyPolicy")
        return function

    def _inspect_image(self) -> RuntimeFunction:
        # It takes apart what strangers made: it can read images, and nothing else. Hundreds of ranges take
        # time, and unpacking them memory.
        function = self._step(
            "InspectImage",
            "Reads disk images' metadata by ranges",
            {},
            memory=1024,
            timeout=Duration.minutes(5),
        )
        self._allow_sources(function)
        return function

    def _start_task(self) -> RuntimeFunction:
        function = self._step(
            "StartTask",
            "Starts or adopts what a request asks EC2 for",
            {**self._table_name, **self._of_owner},
        )
        self._allow_table(function)
        self._allow_sources(function)
        allow_starting(function, self._table.table_name, self._allowed)
        # No iam:PassedToService condition: no source documents what VM Import/Export puts there.
        function.allow(["iam:PassRole"], [self._service_role.role_arn])
        self._allowed.allow_passing_roles(function)
        return function

    def _poll_task(self) -> RuntimeFunction:
        function = self._step(
            "PollTask",
            "Follows what EC2 runs for a request",
            {
                **self._table_name,
                **self._results.environment,
                Variable.STALL_SECONDS: str(self._limits.stall_timeout.to_seconds()),
            },
        )
        self._allow_table(function)
        allow_polling(function, self._allowed)
        self._results.grant_publish_steps(function)
        return function

    def _finish_request(self) -> RuntimeFunction:
        function = self._step(
            "FinishRequest",
            "Checks the disks once more and tags what was made",
            {**self._table_name, Variable.IMPORT_DEFAULTS: self._defaults.to_json(self)},
        )
        self._allow_table(function)
        self._allow_sources(function)
        allow_finishing(function, self._table.table_name, self._allowed)
        return function

    def _diagnose_failure(self) -> RuntimeFunction:
        function = self._step(
            "DiagnoseFailure",
            "Finds the cause and the remedy of a failure",
            {
                Variable.BUCKET: self._bucket.bucket_name,
                Variable.SERVICE_ROLE_NAME: self._service_role.role_name,
                Variable.IMPORT_DEFAULTS: self._defaults.to_json(self),
            },
        )
        function.allow(["iam:GetRole", "iam:SimulatePrincipalPolicy"], [self._service_role.role_arn])
        self._allowed.allow_examining_roles(function)
        return function

    def _clean_up(self) -> RuntimeFunction:
        function = self._step("CleanUp", "Cancels the task and deletes what was half made", self._table_name)
        self._allow_table(function)
        allow_cleaning(function, self._table.table_name, self._allowed)
        return function

    def _record_result(self) -> RuntimeFunction:
        function = self._step(
            "RecordResult",
            "Writes, sends and notifies of a result",
            {**self._table_name, **self._results.environment},
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
            Variable.IMPORT_DEFAULTS: self._defaults.to_json(self),
            Variable.ALLOWED: self._allowed.to_json(self),
        }

    @property
    def _table_name(self) -> dict[Variable, str]:
        return {Variable.REQUESTS_TABLE: self._table.table_name}

    def _allow_table(self, function: RuntimeFunction) -> None:
        self._table.grant_items(function.role, "dynamodb:GetItem", "dynamodb:UpdateItem")

    def _allow_sources(self, function: RuntimeFunction) -> None:
        grant_read_objects(self._bucket, function.role)
        grant_missing_told(self._bucket, function.role)
        self._allowed.allow_reading_sources(function)

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
