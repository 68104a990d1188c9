"""The import pipeline between an import bucket and a service role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from .allowed import Allowed
from .import_bucket import IMAGES, REQUESTS, SNAPSHOTS
from .import_defaults import BootMode, ImageArchitecture, ImportDefaults, LicenseType, Platform
from .import_functions import ImportFunctions
from .import_permissions import allow_cleaning
from .log_groups import grant_log_groups
from .request_queues import RequestQueues
from .requests_table import RequestsTable
from .results_outlet import ResultsOutlet
from .runtime_function import RuntimePlatform
from .vm_import_role import VmImportRole
from .workflow import Workflow
from .workflow_limits import WorkflowLimits


class ImportWorkflow(Workflow):
    """Table, queue, functions and state machine that turn dropped disk images into AMIs.

    Args:
        scope: The parent.
        construct_id: The id within it.
        import_bucket: Where images and requests are dropped; EventBridge notifications are on.
        service_role: The role that VM Import/Export assumes; it is granted the bucket and
            `image_encryption_key`.
        max_concurrent_tasks: Import tasks at once; the rest queue. Default: 5, the service's default quota
            per account and Region, which all its users share.
        deadline: From admission to the end of a request that names none; at most 36 hours.
            Default: 12 hours.
        stall_timeout: How long a task's phase and progress may stand still. Default: 4 hours.
        license_type: `AWS` or `BYOL` for requests that leave it out. Default: EC2 decides by the guest.
        boot_mode: `legacy-bios` or `uefi`. Default: EC2 decides by the guest.
        platform: `Windows` or `Linux`. Default: EC2 detects it.
        image_architecture: `i386`, `x86_64` or `arm64`. Default: EC2 detects it.
        encrypted: Whether imported images are encrypted. Default: as the account's EBS setting says.
        image_encryption_key: Encrypts imported images; implies `encrypted`. Default: the account's default
            key for EBS, where images are encrypted.
        image_description: Default: none of ours.
        image_tags: Tags of what imports make, at most 40. They hold whatever a request's own tags say: a
            request may add tags, and change none of these. Default: only the pipeline's own.
        allowed_source_buckets: Further buckets that requests may import from. Like every `allowed_*` setting:
            a request that names what is neither the workflow's own nor allowed is rejected; see `Allowed`.
            Default: the import bucket only.
        allowed_kms_keys: Keys that requests may encrypt with. Default: `image_encryption_key` only.
        allowed_service_roles: Roles that requests may name in place of `service_role`. Default: none.
        allowed_license_configurations: License Manager configurations that requests may attach.
            Default: none.
        allowed_availability_zones: Zones that requests may make volumes and instances in; without one the
            functions may make neither. Default: none.
        allowed_subnets: Subnets that requests may make instances in. Default: none.
        allowed_security_groups: Security groups that requests may give instances. Default: none.
        allowed_instances: Instances that requests may attach volumes to. Default: none.
        allowed_snapshots: Snapshots that requests may make images of. Default: none.
        allowed_import_tasks: Tasks, started by hand, that requests may adopt. Default: none.
        notification_topic: Told of every end. Where it has a key of its own, that key's policy must let the
            functions use it. Default: a new topic.
        event_bus: Carries results as events. Default: the account's default bus.
        encryption_key: Encrypts the requests table, the queues, the new topic and the logs. The policy of a
            key that is not of this app must let `logs.<Region>.amazonaws.com` and `events.amazonaws.com` use
            it. Default: keys that AWS owns or manages.
        removal_policy: Of the requests table. Default: it goes with the stack.
        runtime: The Python of the functions. Default: 3.14.
        architecture: The functions' processor. Default: arm64.
        log_retention: Default: three months.
        use_fips_endpoints: Whether the functions call AWS at its FIPS endpoints, which exist in the Regions
            of the United States and Canada. Default: they do not.

    Raises:
        ValueError: a number, duration or import default that cannot work; the message names it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        import_bucket: s3.IBucket,
        service_role: iam.IRole,
        max_concurrent_tasks: int = 5,
        deadline: Duration | None = None,
        stall_timeout: Duration | None = None,
        license_type: LicenseType | None = None,
        boot_mode: BootMode | None = None,
        platform: Platform | None = None,
        image_architecture: ImageArchitecture | None = None,
        encrypted: bool | None = None,
        image_encryption_key: kms.IKey | None = None,
        image_description: str | None = None,
        image_tags: Mapping[str, str] | None = None,
        allowed_source_buckets: Sequence[s3.IBucket] = (),
        allowed_kms_keys: Sequence[kms.IKey] = (),
        allowed_service_roles: Sequence[iam.IRole] = (),
        allowed_license_configurations: Sequence[str] = (),
        allowed_availability_zones: Sequence[str] = (),
        allowed_subnets: Sequence[str] = (),
        allowed_security_groups: Sequence[str] = (),
        allowed_instances: Sequence[str] = (),
        allowed_snapshots: Sequence[str] = (),
        allowed_import_tasks: Sequence[str] = (),
        notification_topic: sns.ITopic | None = None,
        event_bus: events.IEventBus | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
        runtime: lambda_.Runtime | None = None,
        architecture: lambda_.Architecture | None = None,
        log_retention: logs.RetentionDays | None = None,
        use_fips_endpoints: bool = False,
    ) -> None:
        super().__init__(scope, construct_id, kind="import")
        limits = WorkflowLimits.of(
            max_concurrent_tasks=max_concurrent_tasks, deadline=deadline, stall_timeout=stall_timeout
        )
        defaults = ImportDefaults(
            license_type=license_type,
            boot_mode=boot_mode,
            platform=platform,
            image_architecture=image_architecture,
            encrypted=encrypted,
            image_encryption_key=image_encryption_key,
            image_description=image_description,
            image_tags=image_tags or {},
        )
        allowed = Allowed(
            allowed_source_buckets=allowed_source_buckets,
            allowed_kms_keys=allowed_kms_keys,
            allowed_service_roles=allowed_service_roles,
            allowed_license_configurations=allowed_license_configurations,
            allowed_availability_zones=allowed_availability_zones,
            allowed_subnets=allowed_subnets,
            allowed_security_groups=allowed_security_groups,
            allowed_instances=allowed_instances,
            allowed_snapshots=allowed_snapshots,
            allowed_import_tasks=allowed_import_tasks,
        )
        lambda_platform = RuntimePlatform.of(
            runtime=runtime,
            architecture=architecture,
            log_retention=log_retention,
            encryption_key=encryption_key,
            use_fips_endpoints=use_fips_endpoints,
        )
        if encryption_key is not None:
            grant_log_groups(encryption_key, self)
        role = VmImportRole(self, "ServiceRole", role=service_role)
        role.grant_import_from(import_bucket)
        allowed.grant_service_role(role)
        if image_encryption_key is not None:
            role.grant_key(image_encryption_key)
        self._table = RequestsTable(
            self, "Requests", encryption_key=encryption_key, removal_policy=removal_policy
        )
        self._results = ResultsOutlet(
            self,
            "Results",
            bucket=import_bucket,
            event_bus=event_bus,
            topic=notification_topic,
            encryption_key=encryption_key,
        )
        self._queues = RequestQueues(self, "Queues", encryption_key=encryption_key)
        self._functions = ImportFunctions(
            self,
            "Steps",
            bucket=import_bucket,
            service_role=service_role,
            requests_table=self._table,
            results=self._results,
            queue=self._queues.queue,
            allowed=allowed,
            defaults=defaults,
            limits=limits,
            platform=lambda_platform,
        )
        workflow = self._table.table_name
        self._assemble(
            bucket=import_bucket,
            prefixes=(IMAGES, SNAPSHOTS, REQUESTS),
            service_role=service_role,
            allow_cleaning=lambda function: allow_cleaning(function, workflow, allowed, import_bucket),
            limits=limits,
            platform=lambda_platform,
        )
