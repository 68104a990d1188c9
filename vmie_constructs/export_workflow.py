"""The export pipeline between an export bucket and a service role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .acknowledgements import AWS_SOLUTIONS, HIPAA, NIST, OWN_POLICY, PCI, acknowledge
from .allowed import Allowed
from .export_functions import ExportFunctions, allow_export_clean_up
from .import_bucket import REQUESTS
from .log_groups import grant_log_groups
from .request_queues import DeadLetterQueue, RequestQueues
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_function import RuntimePlatform
from .vm_import_role import VmImportRole
from .workflow import Workflow
from .workflow_limits import WorkflowLimits

DiskImageFormat = Literal["VMDK", "VHD", "RAW"]


class ExportWorkflow(Workflow):
    """Table, queue, functions and state machine that turn AMIs and instances back into files.

    An export is asked for by a file below `requests/` in the export bucket, by starting the state machine
    (by hand, on a schedule, by an event), or by every image that becomes available (`on_image_available`).
    Nothing may be exported that `allowed_images` and `allowed_instances` do not name.

    Args:
        scope: The parent.
        construct_id: The id within it.
        export_bucket: Where requests are dropped and files are written; `ExportBucket` makes one that the
            Region's export service may write to. EventBridge notifications are on. No import workflow has the
            same bucket: both would take in what is dropped below `requests/`.
        service_role: The role that VM Import/Export assumes for ExportImage; it is granted the bucket.
        requests_table: The table of another workflow, with which the quota of EC2 is shared then.
            Default: a new one.
        max_concurrent_tasks: Tasks at once; the rest queue. With a shared table both workflows should have
            the same. Default: 5, the service's default quota per account and Region.
        deadline: From admission to the end of a request that names none; at most 36 hours.
            Default: 12 hours.
        stall_timeout: How long a task's phase and progress may stand still. Default: 4 hours.
        allowed_images: AMIs that may be exported; ids may end in `*`. Default: none.
        allowed_instances: Instances that may be exported; ids may end in `*`. Default: none.
        allowed_service_roles: Roles that requests may name in place of `service_role`. Default: none.
        notification_topic: Told of every end. Default: a new topic.
        event_bus: Carries results as events. Default: the account's default bus.
        encryption_key: Encrypts a new requests table, the queues, a new topic and the logs; never the export
            bucket, to which the export service cannot write with a key. Default: keys that AWS owns or
            manages.
        removal_policy: Of a new requests table. Default: it goes with the stack.
        runtime: The Python of the functions. Default: 3.14.
        architecture: The functions' processor. Default: arm64.
        log_retention: Default: three months.
        use_fips_endpoints: Whether the functions call AWS at its FIPS endpoints. Default: they do not.

    Raises:
        ValueError: a number, duration or setting that cannot work; the message names it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        export_bucket: s3.IBucket,
        service_role: iam.IRole,
        requests_table: RequestsTable | None = None,
        max_concurrent_tasks: int = 5,
        deadline: Duration | None = None,
        stall_timeout: Duration | None = None,
        allowed_images: Sequence[str] = (),
        allowed_instances: Sequence[str] = (),
        allowed_service_roles: Sequence[iam.IRole] = (),
        notification_topic: sns.ITopic | None = None,
        event_bus: events.IEventBus | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
        runtime: lambda_.Runtime | None = None,
        architecture: lambda_.Architecture | None = None,
        log_retention: logs.RetentionDays | None = None,
        use_fips_endpoints: bool = False,
    ) -> None:
        super().__init__(scope, construct_id, kind="export")
        limits = WorkflowLimits.of(
            max_concurrent_tasks=max_concurrent_tasks, deadline=deadline, stall_timeout=stall_timeout
        )
        allowed = Allowed(
            allowed_images=allowed_images,
            allowed_instances=allowed_instances,
            allowed_service_roles=allowed_service_roles,
        )
        platform = RuntimePlatform.of(
            runtime=runtime,
            architecture=architecture,
            log_retention=log_retention,
            encryption_key=encryption_key,
            use_fips_endpoints=use_fips_endpoints,
        )
        if encryption_key is not None:
            grant_log_groups(encryption_key, self)
        VmImportRole(self, "ServiceRole", role=service_role).grant_export_to(export_bucket)
        self._table = requests_table or RequestsTable(
            self, "Requests", encryption_key=encryption_key, removal_policy=removal_policy
        )
        self._results = ResultsOutlet(
            self,
            "Results",
            bucket=export_bucket,
            event_bus=event_bus,
            topic=notification_topic,
            encryption_key=encryption_key,
        )
        self._queues = RequestQueues(self, "Queues", encryption_key=encryption_key)
        self._queue_key = encryption_key
        self._lost_starts: DeadLetterQueue | None = None
        self._start_role: iam.Role | None = None
        self._functions = ExportFunctions(
            self,
            "Steps",
            bucket=export_bucket,
            service_role=service_role,
            requests_table=self._table,
            results=self._results,
            queue=self._queues.queue,
            allowed=allowed,
            limits=limits,
            platform=platform,
        )
        workflow = self._table.table_name
        self._assemble(
            bucket=export_bucket,
            prefixes=(REQUESTS,),
            service_role=service_role,
            allow_cleaning=lambda function: allow_export_clean_up(function, workflow, export_bucket),
            limits=limits,
            platform=platform,
        )

    @property
    def start_dead_letter_queue(self) -> sqs.IQueue:
        """Events that should have started an export, and could not; anything in it deserves an alarm.

        Made when it is first asked for, by a rule of `on_image_available` or `on_schedule` at the latest.
        """
        # Not the intake's: what is moved back from there is taken for an event of S3.
        if self._lost_starts is None:
            self._lost_starts = DeadLetterQueue(self, "StartDeadLetterQueue", encryption_key=self._queue_key)
            acknowledge(
                self._lost_starts, "SQS3", (AWS_SOLUTIONS,), "This is EventBridge's dead-letter queue."
            )
        return self._lost_starts

    def on_image_available(
        self,
        rule_id: str,
        *,
        disk_image_format: DiskImageFormat = "VMDK",
        description: str | None = None,
    ) -> events.Rule:
        """Export the account's AMIs as they become available, such as those of an Image Builder pipeline.

        EC2's event names the AMI and nothing else of it: what `allowed_images` does not hold ends as
        rejected. Source: Amazon EC2 User Guide, "Monitor AMI events using Amazon EventBridge".

        Args:
            rule_id: The rule's id within this construct.
            disk_image_format: `VMDK`, `VHD` or `RAW`. Default: `VMDK`.
            description: Default: none.
        """
        request = {
            "ImageId": events.EventField.from_path("$.detail.ImageId"),
            "DiskImageFormat": disk_image_format,
        }
        return events.Rule(
            self,
            rule_id,
            description=description,
            event_pattern=events.EventPattern(
                source=["aws.ec2"],
                detail_type=["EC2 AMI State Change"],
                detail={"State": ["available"]},
            ),
            targets=[self._start(request)],
        )

    def on_schedule(
        self,
        rule_id: str,
        *,
        schedule: events.Schedule,
        image_id: str,
        disk_image_format: DiskImageFormat = "VMDK",
        description: str | None = None,
    ) -> events.Rule:
        """Export an AMI again and again.

        Args:
            rule_id: The rule's id within this construct.
            schedule: When.
            image_id: The AMI, which `allowed_images` must hold.
            disk_image_format: `VMDK`, `VHD` or `RAW`. Default: `VMDK`.
            description: Default: none.
        """
        return events.Rule(
            self,
            rule_id,
            description=description,
            schedule=schedule,
            targets=[self._start({"ImageId": image_id, "DiskImageFormat": disk_image_format})],
        )

    def _start(self, request: Mapping[str, object]) -> targets.SfnStateMachine:
        """The target of a rule that starts executions with a request."""
        if self._start_role is None:
            self._start_role = iam.Role(
                self, "StartRole", assumed_by=iam.ServicePrincipal("events.amazonaws.com")
            )
            acknowledge(self._start_role, "IAMNoInlinePolicy", (NIST, HIPAA, PCI), OWN_POLICY)
        return targets.SfnStateMachine(
            self.state_machine,
            input=events.RuleTargetInput.from_object(request),
            dead_letter_queue=self.start_dead_letter_queue,
            role=self._start_role,
        )
