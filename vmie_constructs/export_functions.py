"""The functions behind the steps of an export, with what each may do."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .allowed import Allowed
from .bucket_grants import grant_missing_told, grant_objects
from .export_bucket import EXPORTS, WRITE_PROBE
from .export_permissions import (
    allow_check_bucket,
    allow_check_export,
    allow_clean_up_export,
    allow_poll_export,
    allow_start_export,
)
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_definition import WorkflowSteps
from .workflow_functions import WorkflowFunctions
from .workflow_limits import WorkflowLimits


class ExportFunctions(WorkflowFunctions):
    """The steps of an export.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: The export bucket.
        service_role: The role that goes along with ExportImage.
        requests_table: The requests.
        results: Where results are published.
        queue: Wakes the reconciler for a request that somebody started directly.
        allowed: The images and instances that may be exported.
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
        allowed: Allowed,
        limits: WorkflowLimits,
        platform: RuntimePlatform,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="export",
            bucket=bucket,
            service_role=service_role,
            requests_table=requests_table,
            results=results,
            queue=queue,
            allowed=allowed,
            limits=limits,
            platform=platform,
        )
        self._steps = WorkflowSteps(
            await_admission=self._await_admission().current_version,
            validate_request=self._validate_request().current_version,
            inspect_image=None,
            start_task=self._start_task().current_version,
            poll_task=self._poll_task().current_version,
            finish_request=self._finish_request().current_version,
            diagnose_failure=self._diagnose_failure().current_version,
            clean_up=self._clean_up().current_version,
            record_result=self._record_result().current_version,
        )

    def _validate_request(self) -> RuntimeFunction:
        function = super()._validate_request()
        allow_check_export(function)
        allow_check_bucket(function, self._bucket)
        return function

    def _start_task(self) -> RuntimeFunction:
        function = super()._start_task()
        allow_poll_export(function)
        allow_start_export(
            function,
            self._table.table_name,
            images=self._allowed.allowed_images,
            instances=self._allowed.allowed_instances,
        )
        return function

    def _poll_task(self) -> RuntimeFunction:
        function = super()._poll_task()
        allow_poll_export(function)
        return function

    def _finish_request(self) -> RuntimeFunction:
        function = super()._finish_request()
        grant_objects(self._bucket, function.role, ["s3:GetObject"], EXPORTS)
        grant_missing_told(self._bucket, function.role)
        _allow_removing_probe(function, self._bucket)
        return function

    def _clean_up(self) -> RuntimeFunction:
        function = super()._clean_up()
        allow_export_clean_up(function, self._table.table_name, self._bucket)
        return function


def allow_export_clean_up(function: RuntimeFunction, workflow: str, bucket: s3.IBucket) -> None:
    """Let a function cancel exports and remove what they half wrote.

    Args:
        function: Who cleans up.
        workflow: The value of the tag `vmie:workflow`.
        bucket: The export bucket.
    """
    allow_clean_up_export(function, workflow)
    grant_objects(bucket, function.role, ["s3:GetObject", "s3:DeleteObject"], EXPORTS)
    grant_missing_told(bucket, function.role)
    _allow_removing_probe(function, bucket)


def _allow_removing_probe(function: RuntimeFunction, bucket: s3.IBucket) -> None:
    function.allow(["s3:DeleteObject"], [bucket.arn_for_objects(WRITE_PROBE)])
