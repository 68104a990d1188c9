"""The app's settings: context keys `vmie:*`, parsed. The table in app.py tells the meaning of each."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Self

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

PREFIX = "vmie:"
RETENTION = {
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
REMOVAL = {"retain": cdk.RemovalPolicy.RETAIN, "destroy": cdk.RemovalPolicy.DESTROY}
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


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


def _texts(value: Any) -> tuple[str, ...]:
    texts = value
    if isinstance(value, str):
        try:
            texts = json.loads(value) if value.startswith("[") else value.split(",")
        except json.JSONDecodeError:
            texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError('texts with commas between them, or a JSON array of texts, such as ["one", "two"]')
    return tuple(text.strip() for text in texts)


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
    """What the context says, parsed; the table in app.py tells the meaning of each."""

    stack_name: str = field(default="VmImportExport", metadata=_takes(_text))
    account: str | None = field(default=None, metadata=_takes(_text))
    region: str | None = field(default=None, metadata=_takes(_text))
    import_bucket_name: str | None = field(default=None, metadata=_takes(_text))
    export_bucket_name: str | None = field(default=None, metadata=_takes(_text))
    export_grantee: str | None = field(default=None, metadata=_takes(_text))
    bucket_encryption_key_arn: str | None = field(default=None, metadata=_takes(_text))
    server_access_logs_bucket_name: str | None = field(default=None, metadata=_takes(_text))
    bucket_removal_policy: str | None = field(default=None, metadata=_takes(_one_of(REMOVAL)))
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
    allowed_source_bucket_names: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_kms_key_arns: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_service_role_names: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_license_configuration_arns: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_availability_zones: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_subnets: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_security_groups: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_instances: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_images: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_snapshots: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    allowed_import_tasks: tuple[str, ...] = field(default=(), metadata=_takes(_texts))
    notification_topic_arn: str | None = field(default=None, metadata=_takes(_text))
    event_bus_name: str | None = field(default=None, metadata=_takes(_text))
    encryption_key_arn: str | None = field(default=None, metadata=_takes(_text))
    python_version: str = field(default="3.14", metadata=_takes(_text))
    architecture: str = field(default="arm64", metadata=_takes(_one_of(ARCHITECTURES)))
    log_retention_days: int = field(default=90, metadata=_takes(_one_of(RETENTION)))
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
