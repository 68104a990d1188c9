"""The functions behind the steps of an import, with what each may do."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .bucket_grants import grant_missing_told, grant_objects, grant_read_objects
from .ec2_permissions import allow_clean_up, allow_finish_import, allow_poll_import, allow_start_import
from .import_bucket import IMAGES
from .import_defaults import ImportDefaults
from .import_definition import ImportSteps
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_limits import WorkflowLimits


class ImportFunctions(Construct):
    """One function per step of the state machine.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: The import bucket.
        service_role: The role that goes along with ImportImage.
        requests_table: The requests.
        results: Where results are published.
        defaults: What a request gets that does not say otherwise.
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
        defaults: ImportDefaults,
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket, self._service_role = bucket, service_role
        self._table, self._results = requests_table, results
        self._defaults, self._limits, self._platform = defaults, limits, platform
        self._by_name: dict[str, RuntimeFunction] = {}
        self._steps = ImportSteps(
            validate_request=self._validate_request().current_version,
            inspect_image=self._inspect_image().current_version,
            start_import=self._start_import().current_version,
            poll_import=self._poll_import().current_version,
            finish_import=self._finish_import().current_version,
            diagnose_failure=self._diagnose_failure().current_version,
            clean_up=self._clean_up().current_version,
            record_result=self._record_result().current_version,
        )

    @property
    def steps(self) -> ImportSteps:
        """The published versions that the state machine calls."""
        return self._steps

    @property
    def by_name(self) -> Mapping[str, RuntimeFunction]:
        """The functions by their construct ids."""
        return self._by_name

    def _validate_request(self) -> RuntimeFunction:
        function = self._step(
            "ValidateRequest",
            "Checks a request and its source",
            {
                **self._table_name,
                Variable.IMPORT_BUCKET: self._bucket.bucket_name,
                Variable.DEADLINE_SECONDS: str(self._limits.deadline.to_seconds()),
            },
        )
        self._allow_table(function)
        self._allow_source(function)
        grant_objects(self._bucket, function.role, ["s3:GetObjectTagging", "s3:PutObjectTagging"], IMAGES)
        return function

    def _inspect_image(self) -> RuntimeFunction:
        # It takes apart what strangers made: it can read images, and nothing else. Hundreds of ranges take
        # time, and unpacking them memory.
        function = self._step(
            "InspectImage",
            "Reads a disk image's metadata by ranges",
            {},
            memory=1024,
            timeout=Duration.minutes(5),
        )
        self._allow_source(function)
        return function

    def _start_import(self) -> RuntimeFunction:
        function = self._step(
            "StartImport",
            "Starts or adopts the ImportImage task",
            {
                **self._table_name,
                Variable.SERVICE_ROLE_NAME: self._service_role.role_name,
                Variable.IMPORT_DEFAULTS: self._defaults.to_json(self),
            },
        )
        self._allow_table(function)
        self._allow_source(function)
        allow_start_import(function)
        # No iam:PassedToService condition: no source documents what VM Import/Export puts there.
        function.allow(["iam:PassRole"], [self._service_role.role_arn])
        return function

    def _poll_import(self) -> RuntimeFunction:
        function = self._step(
            "PollImport",
            "Follows the ImportImage task",
            {
                **self._table_name,
                **self._results.environment,
                Variable.STALL_SECONDS: str(self._limits.stall_timeout.to_seconds()),
            },
        )
        self._allow_table(function)
        allow_poll_import(function)
        self._results.grant_publish_steps(function)
        return function

    def _finish_import(self) -> RuntimeFunction:
        function = self._step(
            "FinishImport",
            "Checks the source once more and tags the AMI",
            {**self._table_name, Variable.IMPORT_DEFAULTS: self._defaults.to_json(self)},
        )
        self._allow_table(function)
        self._allow_source(function)
        allow_finish_import(function)
        return function

    def _diagnose_failure(self) -> RuntimeFunction:
        function = self._step(
            "DiagnoseFailure",
            "Finds the cause and the remedy of a failure",
            {
                Variable.IMPORT_BUCKET: self._bucket.bucket_name,
                Variable.SERVICE_ROLE_NAME: self._service_role.role_name,
                Variable.IMPORT_DEFAULTS: self._defaults.to_json(self),
            },
        )
        function.allow(["iam:GetRole", "iam:SimulatePrincipalPolicy"], [self._service_role.role_arn])
        return function

    def _clean_up(self) -> RuntimeFunction:
        function = self._step("CleanUp", "Cancels the task and deletes what it half made", self._table_name)
        self._allow_table(function)
        allow_clean_up(function, self._table.table_name)
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
    def _table_name(self) -> dict[Variable, str]:
        return {Variable.REQUESTS_TABLE: self._table.table_name}

    def _allow_table(self, function: RuntimeFunction) -> None:
        self._table.grant_items(function.role, "dynamodb:GetItem", "dynamodb:UpdateItem")

    def _allow_source(self, function: RuntimeFunction) -> None:
        grant_read_objects(self._bucket, function.role, IMAGES)
        grant_missing_told(self._bucket, function.role)

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
