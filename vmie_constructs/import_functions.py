"""The functions behind the steps of an import, with what each may do."""

from __future__ import annotations

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
from .key_grants import grant_ebs_encryption
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction, RuntimePlatform
from .url_signing_role import UrlSigningRole
from .workflow_definition import WorkflowSteps
from .workflow_functions import WorkflowFunctions
from .workflow_limits import WorkflowLimits


class ImportFunctions(WorkflowFunctions):
    """The steps of an import.

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
        super().__init__(
            scope,
            construct_id,
            kind="import",
            bucket=bucket,
            service_role=service_role,
            requests_table=requests_table,
            results=results,
            queue=queue,
            allowed=allowed,
            limits=limits,
            platform=platform,
        )
        self._defaults = defaults
        validate_request, start_task = self._validate_request(), self._start_task()
        # It uses keys with its own rights, which their policies are held against.
        validate_request.set_environment(Variable.STARTING_ROLE, start_task.role.role_arn)
        self._steps = WorkflowSteps(
            await_admission=self._await_admission().current_version,
            validate_request=validate_request.current_version,
            inspect_image=self._inspect_image().current_version,
            start_task=start_task.current_version,
            poll_task=self._poll_task().current_version,
            finish_request=self._finish_request().current_version,
            diagnose_failure=self._diagnose_failure().current_version,
            clean_up=self._clean_up().current_version,
            record_result=self._record_result().current_version,
        )

    def _validate_request(self) -> RuntimeFunction:
        function = super()._validate_request()
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
            timeout=Duration.minutes(3),
        )
        self._allow_sources(function)
        return function

    def _start_task(self) -> RuntimeFunction:
        function = super()._start_task()
        self._allow_sources(function)
        allow_starting(function, self._table.table_name, self._allowed, self._bucket)
        self._allowed.allow_encrypting(function)
        if self._allowed.allowed_availability_zones:
            UrlSigningRole(self, "UrlSigning", bucket=self._bucket, allowed=self._allowed, signer=function)
        if self._defaults.image_encryption_key is not None:
            grant_ebs_encryption(self._defaults.image_encryption_key, function.role)
        return function

    def _poll_task(self) -> RuntimeFunction:
        function = super()._poll_task()
        allow_polling(function, self._table.table_name, self._allowed)
        return function

    def _finish_request(self) -> RuntimeFunction:
        function = super()._finish_request()
        self._allow_sources(function)
        allow_finishing(function, self._table.table_name, self._allowed, self._bucket)
        return function

    def _clean_up(self) -> RuntimeFunction:
        function = super()._clean_up()
        allow_cleaning(function, self._table.table_name, self._allowed, self._bucket)
        return function

    @property
    def _of_owner(self) -> dict[Variable, str]:
        return {**super()._of_owner, Variable.IMPORT_DEFAULTS: self._defaults.to_json(self)}

    def _allow_sources(self, function: RuntimeFunction) -> None:
        grant_read_objects(self._bucket, function.role)
        grant_missing_told(self._bucket, function.role)
        self._allowed.allow_reading_sources(function)
