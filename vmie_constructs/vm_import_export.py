"""The whole pipeline in one construct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from .export_bucket import ExportBucket
from .export_workflow import ExportWorkflow
from .import_bucket import ImportBucket
from .import_defaults import BootMode, ImageArchitecture, LicenseType, Platform
from .import_workflow import ImportWorkflow
from .vm_import_role import VmImportRole


class VmImportExport(Construct):
    """Import and export buckets, the service role and both workflows, wired.

    Works without an argument, and more than once in a stack. Arguments that are not described here are those
    of `ImportWorkflow`, with the same meaning and default.

    Args:
        scope: The parent.
        construct_id: The id within it.
        import_bucket: An existing bucket of the stack's Region; see `ImportBucket` about its notifications.
            Default: a new one.
        export_bucket: An existing bucket of the stack's Region, and not the import bucket; see `ExportBucket`
            for what it must be. Default: a new one.
        export_grantee: Canonical user id of the Region's export service. Default: that of the Region, which
            must be known.
        service_role: An existing role that `vmie.amazonaws.com` may assume. Default: a new one.
        bucket_encryption_key: Encrypts the new import bucket; the export bucket takes no key.
            Default: keys that S3 manages.
        server_access_logs_bucket: Receives the new buckets' access logs. Default: none are written.
        bucket_removal_policy: Of the new buckets. Default: they are kept.
        allowed_images: AMIs that requests may export. Default: none.
        allowed_instances: Instances that requests may export, or attach volumes to. Default: none.

    Raises:
        ValueError: one bucket is given for both imports and exports; or as the buckets and workflows do.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        import_bucket: s3.IBucket | None = None,
        export_bucket: s3.IBucket | None = None,
        export_grantee: str | None = None,
        service_role: iam.IRole | None = None,
        bucket_encryption_key: kms.IKey | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        bucket_removal_policy: RemovalPolicy | None = None,
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
        allowed_images: Sequence[str] = (),
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
        super().__init__(scope, construct_id)
        _require_two_buckets(import_bucket, export_bucket)
        self._import_bucket = ImportBucket(
            self,
            "ImportBucket",
            bucket=import_bucket,
            encryption_key=bucket_encryption_key,
            server_access_logs_bucket=server_access_logs_bucket,
            removal_policy=bucket_removal_policy,
        )
        self._export_bucket = ExportBucket(
            self,
            "ExportBucket",
            bucket=export_bucket,
            export_grantee=export_grantee,
            server_access_logs_bucket=server_access_logs_bucket if export_bucket is None else None,
            removal_policy=bucket_removal_policy if export_bucket is None else None,
        )
        self._role = VmImportRole(self, "ServiceRole", role=service_role)
        self._workflow = ImportWorkflow(
            self,
            "Import",
            import_bucket=self._import_bucket.bucket,
            service_role=self._role.role,
            max_concurrent_tasks=max_concurrent_tasks,
            deadline=deadline,
            stall_timeout=stall_timeout,
            license_type=license_type,
            boot_mode=boot_mode,
            platform=platform,
            image_architecture=image_architecture,
            encrypted=encrypted,
            image_encryption_key=image_encryption_key,
            image_description=image_description,
            image_tags=image_tags,
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
            notification_topic=notification_topic,
            event_bus=event_bus,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
            runtime=runtime,
            architecture=architecture,
            log_retention=log_retention,
            use_fips_endpoints=use_fips_endpoints,
        )
        self._export_workflow = ExportWorkflow(
            self,
            "Export",
            export_bucket=self._export_bucket.bucket,
            service_role=self._role.role,
            requests_table=self._workflow.requests_table,
            max_concurrent_tasks=max_concurrent_tasks,
            deadline=deadline,
            stall_timeout=stall_timeout,
            allowed_images=allowed_images,
            allowed_instances=allowed_instances,
            allowed_service_roles=allowed_service_roles,
            notification_topic=self._workflow.topic,
            event_bus=event_bus,
            encryption_key=encryption_key,
            runtime=runtime,
            architecture=architecture,
            log_retention=log_retention,
            use_fips_endpoints=use_fips_endpoints,
        )
        # Imports and exports share EC2's quota: whichever ends makes room for the other.
        self._workflow.wake_at_ends_of(self._export_workflow)
        self._export_workflow.wake_at_ends_of(self._workflow)

    @property
    def import_bucket(self) -> s3.IBucket:
        """Where disk images and requests are dropped."""
        return self._import_bucket.bucket

    @property
    def export_bucket(self) -> s3.IBucket:
        """Where exports are asked for, and where they are written."""
        return self._export_bucket.bucket

    @property
    def service_role(self) -> VmImportRole:
        """The role that VM Import/Export assumes."""
        return self._role

    @property
    def import_workflow(self) -> ImportWorkflow:
        """The pipeline behind the import bucket."""
        return self._workflow

    @property
    def export_workflow(self) -> ExportWorkflow:
        """The pipeline behind the export bucket."""
        return self._export_workflow


def _require_two_buckets(import_bucket: s3.IBucket | None, export_bucket: s3.IBucket | None) -> None:
    if import_bucket is None or export_bucket is None:
        return
    # One construct has one token for its name; of different ones only names that are known tell.
    if import_bucket.bucket_name == export_bucket.bucket_name:
        name = import_bucket.bucket_name
        named = import_bucket.node.path if Token.is_unresolved(name) else name
        raise ValueError(
            f"import_bucket and export_bucket are both {named}: either workflow would take in what is dropped"
            " below requests/, and reject what was meant for the other. Give exports a bucket of their own,"
            " or leave one of the two out to have it made."
        )
