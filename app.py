"""The deployable app: one stack with the import pipeline, configured by context.

`cdk deploy -c vmie:maxConcurrentTasks=10`, or the same keys below `context` in `cdk.json`. Every key is
optional; one that is not in this table is refused.

| Context key | Meaning | Default |
|---|---|---|
| `vmie:stackName` | name of the stack | `VmImportExport` |
| `vmie:account` | account to deploy to | the CLI's |
| `vmie:region` | Region to deploy to | the CLI's |
| `vmie:importBucketName` | existing import bucket; its EventBridge notifications are on | a new bucket |
| `vmie:bucketEncryptionKeyArn` | KMS key of the new bucket | S3's own key |
| `vmie:serverAccessLogsBucketName` | receives the new bucket's access logs | no access logs |
| `vmie:bucketRemovalPolicy` | `retain` or `destroy` the new bucket with the stack | `retain` |
| `vmie:serviceRoleName` | existing service role | a new role |
| `vmie:maxConcurrentTasks` | import tasks at once; the rest queue | `5` |
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
| `vmie:notificationTopicArn` | existing topic that is told of every end | a new topic |
| `vmie:eventBusName` | bus that carries results | `default` |
| `vmie:encryptionKeyArn` | KMS key of the requests table, queues, new topic and logs | keys that AWS keeps |
| `vmie:pythonVersion` | Python of the functions | `3.14` |
| `vmie:architecture` | `arm64` or `x86_64`: processor of the functions | `arm64` |
| `vmie:logRetentionDays` | how long the functions' logs are kept | `90` |
| `vmie:useFipsEndpoints` | `true` or `false`: the functions call AWS at its FIPS endpoints | `false` |
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Self, TypeVar

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from vmie_constructs import VmImportExport

PREFIX = "vmie:"
_T = TypeVar("_T")
_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    731: logs.RetentionDays.TWO_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
_REMOVAL = {"retain": cdk.RemovalPolicy.RETAIN, "destroy": cdk.RemovalPolicy.DESTROY}
_ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


class SettingsError(ValueError):
    """A context value that the app cannot use."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text")
    return value


def _number(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError("a whole number")
    return int(value)


def _boolean(value: Any) -> bool:
    try:
        return {"true": True, "false": False}[str(value).lower()]
    except KeyError:
        raise ValueError("true or false") from None


def _tags(value: Any) -> Mapping[str, str]:
    try:
        tags = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        tags = None
    if not isinstance(tags, dict) or not all(isinstance(tag, str) for tag in tags.values()):
        raise ValueError('a JSON object of texts, such as {"team": "web"}')
    return tags


def _one_of(allowed: Mapping[Any, Any] | tuple[str, ...]) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        choice = next((one for one in allowed if str(one) == str(value)), None)
        if choice is None:
            raise ValueError(f"one of {', '.join(map(str, allowed))}")
        return choice

    return parse


def _takes(parse: Callable[[Any], Any]) -> dict[str, Any]:
    return {"parse": parse}


@dataclass(frozen=True, kw_only=True)
class AppSettings:
    """What the context says, parsed; the module's docstring tells the meaning of each."""

    stack_name: str = field(default="VmImportExport", metadata=_takes(_text))
    account: str | None = field(default=None, metadata=_takes(_text))
    region: str | None = field(default=None, metadata=_takes(_text))
    import_bucket_name: str | None = field(default=None, metadata=_takes(_text))
    bucket_encryption_key_arn: str | None = field(default=None, metadata=_takes(_text))
    server_access_logs_bucket_name: str | None = field(default=None, metadata=_takes(_text))
    bucket_removal_policy: str | None = field(default=None, metadata=_takes(_one_of(_REMOVAL)))
    service_role_name: str | None = field(default=None, metadata=_takes(_text))
    max_concurrent_tasks: int = field(default=5, metadata=_takes(_number))
    deadline_minutes: int = field(default=720, metadata=_takes(_number))
    stall_timeout_minutes: int | None = field(default=None, metadata=_takes(_number))
    license_type: Any = field(default=None, metadata=_takes(_one_of(("AWS", "BYOL"))))
    boot_mode: Any = field(default=None, metadata=_takes(_one_of(("legacy-bios", "uefi"))))
    platform: Any = field(default=None, metadata=_takes(_one_of(("Windows", "Linux"))))
    image_architecture: Any = field(default=None, metadata=_takes(_one_of(("i386", "x86_64", "arm64"))))
    encrypted: bool | None = field(default=None, metadata=_takes(_boolean))
    image_encryption_key_arn: str | None = field(default=None, metadata=_takes(_text))
    image_description: str | None = field(default=None, metadata=_takes(_text))
    image_tags: Mapping[str, str] | None = field(default=None, metadata=_takes(_tags))
    notification_topic_arn: str | None = field(default=None, metadata=_takes(_text))
    event_bus_name: str | None = field(default=None, metadata=_takes(_text))
    encryption_key_arn: str | None = field(default=None, metadata=_takes(_text))
    python_version: str = field(default="3.14", metadata=_takes(_text))
    architecture: str = field(default="arm64", metadata=_takes(_one_of(_ARCHITECTURES)))
    log_retention_days: int = field(default=90, metadata=_takes(_one_of(_RETENTION)))
    use_fips_endpoints: bool = field(default=False, metadata=_takes(_boolean))

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Parse the keys that begin with `vmie:`.

        Raises:
            SettingsError: an unknown key, or a value that is not what the key takes.
        """
        known = {context_key(setting): setting for setting in fields(cls)}
        values = {}
        for key, value in context.items():
            if not key.startswith(PREFIX):
                continue
            if key not in known:
                raise SettingsError(
                    f"The context key {key} is unknown; the nearest is {_nearest(key, known)}."
                )
            try:
                values[known[key].name] = known[key].metadata["parse"](value)
            except ValueError as expected:
                raise SettingsError(f"The context key {key} is {value!r}; it takes {expected}.") from None
        return cls(**values)


def _nearest(key: str, known: Iterable[str]) -> str:
    names = {name.removeprefix(PREFIX).lower(): name for name in known}
    asked = key.removeprefix(PREFIX).lower()
    return names[difflib.get_close_matches(asked, names, n=1, cutoff=0)[0]]


def context_key(setting: Field[Any]) -> str:
    """Give the context key of a setting: `max_concurrent_tasks` is `vmie:maxConcurrentTasks`."""
    first, *others = setting.name.split("_")
    return PREFIX + first + "".join(word.capitalize() for word in others)


class VmImportExportStack(cdk.Stack):
    """The pipeline, and the names of what its users touch as outputs."""

    def __init__(self, scope: Construct, settings: AppSettings) -> None:
        super().__init__(
            scope,
            settings.stack_name,
            env=cdk.Environment(account=settings.account, region=settings.region),
            description="Imports disk images that are dropped into S3 as AMIs",
        )
        self._settings = settings
        vmie = VmImportExport(
            self,
            "Vmie",
            import_bucket=self._existing(s3.Bucket.from_bucket_name, "import_bucket_name"),
            bucket_encryption_key=self._existing(kms.Key.from_key_arn, "bucket_encryption_key_arn"),
            server_access_logs_bucket=self._existing(
                s3.Bucket.from_bucket_name, "server_access_logs_bucket_name"
            ),
            bucket_removal_policy=_REMOVAL.get(settings.bucket_removal_policy or ""),
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
            notification_topic=self._existing(sns.Topic.from_topic_arn, "notification_topic_arn"),
            event_bus=self._existing(events.EventBus.from_event_bus_name, "event_bus_name"),
            encryption_key=self._existing(kms.Key.from_key_arn, "encryption_key_arn"),
            runtime=lambda_.Runtime(f"python{settings.python_version}", lambda_.RuntimeFamily.PYTHON),
            architecture=_ARCHITECTURES[settings.architecture],
            log_retention=_RETENTION[settings.log_retention_days],
            use_fips_endpoints=settings.use_fips_endpoints,
        )
        workflow = vmie.import_workflow
        for name, value in {
            "ImportBucketName": vmie.import_bucket.bucket_name,
            "VmImportRoleArn": vmie.service_role.role.role_arn,
            "ImportStateMachineArn": workflow.state_machine.state_machine_arn,
            "NotificationTopicArn": workflow.topic.topic_arn,
            "RequestsTableName": workflow.requests_table.table_name,
            "PauseParameterName": workflow.pause_parameter.parameter_name,
        }.items():
            cdk.CfnOutput(self, name, value=value)

    def _existing(self, take: Callable[[Construct, str, str], _T], setting: str) -> _T | None:
        value = getattr(self._settings, setting)
        return None if value is None else take(self, "Existing" + setting.title().replace("_", ""), value)


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
