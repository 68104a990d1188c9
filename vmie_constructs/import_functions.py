"""The functions behind the steps of an import, with what each may do."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .bucket_grants import grant_objects, grant_read_objects
from .ec2_permissions import allow_clean_up, allow_finish_import, allow_poll_import, allow_start_import
from .import_bucket import IMAGES
from .import_definition import ImportSteps
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform


class ImportFunctions(Construct):
    """One function per step of the state machine.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: The import bucket.
        service_role: The role that goes along with ImportImage.
        requests_table: The requests.
        results: Where results are published.
        environment: The workflow's settings.
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
        environment: Mapping[Variable, str],
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(scope, construct_id)
        self._bucket, self._service_role = bucket, service_role
        self._table, self._results = requests_table, results
        self._environment, self._platform = environment, platform
        self._by_name: dict[str, RuntimeFunction] = {}
        validate = self._step("ValidateRequest", "Checks a request and its source")
        self._allow_table(validate)
        grant_read_objects(bucket, validate.role)
        grant_objects(bucket, validate.role, ["s3:GetObjectTagging", "s3:PutObjectTagging"], IMAGES)
        # Reads up to a few hundred ranges of an image and unpacks their metadata.
        inspect = self._step(
            "InspectImage",
            "Reads a disk image's metadata by ranges",
            memory=1024,
            timeout=Duration.minutes(5),
        )
        grant_read_objects(bucket, inspect.role)
        start = self._step("StartImport", "Starts or adopts the ImportImage task")
        self._allow_table(start)
        grant_read_objects(bucket, start.role)
        allow_start_import(start)
        # No iam:PassedToService condition: no source documents what VM Import/Export puts there.
        start.allow(["iam:PassRole"], [service_role.role_arn])
        poll = self._step("PollImport", "Follows the ImportImage task")
        self._allow_table(poll)
        allow_poll_import(poll)
        results.grant_publish(poll)
        finish = self._step("FinishImport", "Checks the source once more, names and tags the AMI")
        self._allow_table(finish)
        grant_read_objects(bucket, finish.role)
        allow_finish_import(finish)
        diagnose = self._step("DiagnoseFailure", "Finds the cause and the remedy of a failure")
        diagnose.allow(["iam:GetRole", "iam:SimulatePrincipalPolicy"], [service_role.role_arn])
        clean_up = self._step("CleanUp", "Cancels the task and deletes what it half made")
        self._allow_table(clean_up)
        allow_clean_up(clean_up, requests_table.table_name)
        record = self._step("RecordResult", "Writes, sends and notifies of a result")
        self._allow_table(record)
        results.grant_publish(record)
        self._steps = ImportSteps(
            validate_request=validate.current_version,
            inspect_image=inspect.current_version,
            start_import=start.current_version,
            poll_import=poll.current_version,
            finish_import=finish.current_version,
            diagnose_failure=diagnose.current_version,
            clean_up=clean_up.current_version,
            record_result=record.current_version,
        )

    @property
    def steps(self) -> ImportSteps:
        """The published versions that the state machine calls."""
        return self._steps

    @property
    def by_name(self) -> Mapping[str, RuntimeFunction]:
        """The functions by their construct ids."""
        return self._by_name

    def _step(
        self, name: str, description: str, *, memory: int = 256, timeout: Duration | None = None
    ) -> RuntimeFunction:
        function = RuntimeFunction(
            self,
            name,
            handler=f"steps.{_snake_case(name)}",
            description=description,
            environment={
                **self._environment,
                **self._results.environment,
                Variable.SERVICE_ROLE_NAME: self._service_role.role_name,
            },
            memory=memory,
            timeout=timeout,
            platform=self._platform,
        )
        self._by_name[name] = function
        return function

    def _allow_table(self, function: RuntimeFunction) -> None:
        self._table.grant_items(function.role, "dynamodb:GetItem", "dynamodb:UpdateItem")


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
