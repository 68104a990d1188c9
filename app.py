"""The deployable app: one stack with both pipelines, configured by context.

`cdk deploy -c vmie:maxConcurrentTasks=10`, or the same keys below `context` in `cdk.json`. Every key is
optional; one that is not in this table is refused. Lists are texts with commas between them, or JSON arrays.

| Context key | Meaning | Default |
|---|---|---|
| `vmie:stackName` | name of the stack | `VmImportExport` |
| `vmie:account` | account to deploy to | the CLI's |
| `vmie:region` | Region to deploy to | the CLI's |
| `vmie:importBucketName` | existing import bucket; its EventBridge notifications are on | a new bucket |
| `vmie:exportBucketName` | existing export bucket, of the kind that the README describes | a new bucket |
| `vmie:exportGrantee` | canonical user id of the Region's export service | that of the Region |
| `vmie:bucketEncryptionKeyArn` | KMS key of the new import bucket | S3's own key |
| `vmie:serverAccessLogsBucketName` | receives the new buckets' access logs | no access logs |
| `vmie:bucketRemovalPolicy` | `retain` or `destroy` the new buckets with the stack | `retain` |
| `vmie:serviceRoleName` | existing service role | a new role |
| `vmie:maxConcurrentTasks` | import and export tasks at once; the rest queue | `5` |
| `vmie:deadlineMinutes` | from admission to the end of a request | `720` |
| `vmie:stallTimeoutMinutes` | how long a task may stand still | `240` |
| `vmie:licenseType` | `AWS` or `BYOL` | EC2 decides |
| `vmie:bootMode` | `legacy-bios` or `uefi` | EC2 decides |
| `vmie:platform` | `Windows` or `Linux` | EC2 detects it |
| `vmie:imageArchitecture` | `i386`, `x86_64` or `arm64` | EC2 detects it |
| `vmie:encrypted` | `true` or `false`: imported images are encrypted | the account's setting |
| `vmie:imageEncryptionKeyArn` | KMS key of imported images | the account's default key |
| `vmie:imageDescription` | description of imported images | none |
| `vmie:imageTags` | JSON object: tags of imported images | none |
| `vmie:allowedSourceBucketNames` | further buckets to import from | none |
| `vmie:allowedKmsKeyArns` | KMS keys that requests may encrypt with | none |
| `vmie:allowedServiceRoleNames` | service roles that requests may name | none |
| `vmie:allowedLicenseConfigurationArns` | License Manager configurations that requests may attach | none |
| `vmie:allowedAvailabilityZones` | zones that requests may make volumes and instances in | none |
| `vmie:allowedSubnets` | subnets that requests may make instances in | none |
| `vmie:allowedSecurityGroups` | security groups that requests may give instances | none |
| `vmie:allowedInstances` | instances to attach volumes to, and to export | none |
| `vmie:allowedImages` | AMIs to export | none |
| `vmie:allowedSnapshots` | snapshots to make images of | none |
| `vmie:allowedImportTasks` | tasks, started by hand, to adopt | none |
| `vmie:notificationTopicArn` | existing topic that is told of every end | a new topic |
| `vmie:eventBusName` | bus that carries results | `default` |
| `vmie:encryptionKeyArn` | KMS key of the requests table, queues, new topic and logs | keys that AWS keeps |
| `vmie:pythonVersion` | Python of the functions | `3.14` |
| `vmie:architecture` | `arm64` or `x86_64`: processor of the functions | `arm64` |
| `vmie:logRetentionDays` | how long the functions' logs are kept | `90` |
| `vmie:useFipsEndpoints` | `true` or `false`: the functions call AWS at its FIPS endpoints | `false` |
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from app_settings import ARCHITECTURES, REMOVAL, RETENTION, AppSettings
from vmie_constructs import VmImportExport

_T = TypeVar("_T")


class VmImportExportStack(cdk.Stack):
    """The pipeline, and the names of what its users touch as outputs."""

    def __init__(self, scope: Construct, settings: AppSettings) -> None:
        super().__init__(
            scope,
            settings.stack_name,
            env=cdk.Environment(account=settings.account, region=settings.region),
            description="Imports virtual machines from S3 and exports them to S3",
        )
        self._settings = settings
        vmie = VmImportExport(
            self,
            "Vmie",
            import_bucket=self._existing(s3.Bucket.from_bucket_name, "import_bucket_name"),
            export_bucket=self._existing(s3.Bucket.from_bucket_name, "export_bucket_name"),
            export_grantee=settings.export_grantee,
            bucket_encryption_key=self._existing(kms.Key.from_key_arn, "bucket_encryption_key_arn"),
            server_access_logs_bucket=self._existing(
                s3.Bucket.from_bucket_name, "server_access_logs_bucket_name"
            ),
            bucket_removal_policy=REMOVAL.get(settings.bucket_removal_policy or ""),
            service_role=self._existing(iam.Role.from_role_name, "service_role_name"),
            max_concurrent_tasks=settings.max_concurrent_tasks,
            deadline=cdk.Duration.minutes(settings.deadline_minutes),
            stall_timeout=(
                None
                if settings.stall_timeout_minutes is None
                else cdk.Duration.minutes(settings.stall_timeout_minutes)
            ),
            license_type=settings.license_type,
            boot_mode=settings.boot_mode,
            platform=settings.platform,
            image_architecture=settings.image_architecture,
            encrypted=settings.encrypted,
            image_encryption_key=self._existing(kms.Key.from_key_arn, "image_encryption_key_arn"),
            image_description=settings.image_description,
            image_tags=settings.image_tags,
            allowed_source_buckets=self._each(s3.Bucket.from_bucket_name, "allowed_source_bucket_names"),
            allowed_kms_keys=self._each(kms.Key.from_key_arn, "allowed_kms_key_arns"),
            allowed_service_roles=self._each(iam.Role.from_role_name, "allowed_service_role_names"),
            allowed_license_configurations=settings.allowed_license_configuration_arns,
            allowed_availability_zones=settings.allowed_availability_zones,
            allowed_subnets=settings.allowed_subnets,
            allowed_security_groups=settings.allowed_security_groups,
            allowed_instances=settings.allowed_instances,
            allowed_images=settings.allowed_images,
            allowed_snapshots=settings.allowed_snapshots,
            allowed_import_tasks=settings.allowed_import_tasks,
            notification_topic=self._existing(sns.Topic.from_topic_arn, "notification_topic_arn"),
            event_bus=self._existing(events.EventBus.from_event_bus_name, "event_bus_name"),
            encryption_key=self._existing(kms.Key.from_key_arn, "encryption_key_arn"),
            runtime=lambda_.Runtime(f"python{settings.python_version}", lambda_.RuntimeFamily.PYTHON),
            architecture=ARCHITECTURES[settings.architecture],
            log_retention=RETENTION[settings.log_retention_days],
            use_fips_endpoints=settings.use_fips_endpoints,
        )
        workflow = vmie.import_workflow
        for name, value in {
            "ImportBucketName": vmie.import_bucket.bucket_name,
            "ExportBucketName": vmie.export_bucket.bucket_name,
            "VmImportRoleArn": vmie.service_role.role.role_arn,
            "ImportStateMachineArn": workflow.state_machine.state_machine_arn,
            "ExportStateMachineArn": vmie.export_workflow.state_machine.state_machine_arn,
            "NotificationTopicArn": workflow.topic.topic_arn,
            "RequestsTableName": workflow.requests_table.table_name,
            "PauseParameterName": workflow.pause_parameter.parameter_name,
            "ExportPauseParameterName": vmie.export_workflow.pause_parameter.parameter_name,
        }.items():
            cdk.CfnOutput(self, name, value=value)

    def _existing(self, take: Callable[[Construct, str, str], _T], setting: str) -> _T | None:
        value = getattr(self._settings, setting)
        return None if value is None else take(self, "Existing" + setting.title().replace("_", ""), value)

    def _each(self, take: Callable[[Construct, str, str], _T], setting: str) -> list[_T]:
        name = setting.title().replace("_", "")
        return [take(self, f"{name}{n}", value) for n, value in enumerate(getattr(self._settings, setting))]


def main() -> None:
    """Synthesise."""
    app = cdk.App()
    try:
        VmImportExportStack(app, AppSettings.from_context(app.node.get_all_context()))
    except ValueError as error:  # What a setting or a construct's argument cannot be, in a sentence.
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
