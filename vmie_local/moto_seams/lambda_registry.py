"""Lambda: functions, layers and event source mappings in moto's memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vmie_local.events.pattern import EventPattern
from vmie_local.functions.function import (
    Archive,
    AsyncConfiguration,
    FunctionVersion,
    NoSuchFunctionError,
)
from vmie_local.moto_seams.seam import Seam

if TYPE_CHECKING:
    from vmie_local.functions.event_sources import EventSourceMapping

BACKENDS = Seam("moto.awslambda.models:lambda_backends", "functions, layers and event source mappings")
GET_FUNCTION = Seam(
    "moto.awslambda.models:LambdaBackend.get_function",
    "finds a version by name, ARN, number or alias",
    ("self", "function_name_or_arn", "qualifier"),
)
GET_LAYER = Seam(
    "moto.awslambda.models:LambdaBackend.layers_versions_by_arn",
    "the layers of a function",
    ("self", "layer_version_arn"),
)

SEAMS = (BACKENDS, GET_FUNCTION, GET_LAYER)


class Registry:
    """Function versions in moto's memory."""

    def find(self, account: str, region: str, name_or_arn: str, qualifier: str | None) -> FunctionVersion:
        """The version that a name or ARN, with a version or alias, means.

        Raises:
            NoSuchFunctionError: If there is none.
        """
        from moto.awslambda.exceptions import UnknownFunctionException
        from moto.awslambda.models import lambda_backends

        backend = lambda_backends[account][region]
        try:
            found = backend.get_function(name_or_arn, qualifier)
        except UnknownFunctionException as error:
            raise NoSuchFunctionError(str(error.message)) from error
        return version_of(found, _qualifier(name_or_arn) or qualifier)


def version_of(function: Any, qualifier: str | None) -> FunctionVersion:
    """Our view of moto's function."""
    from moto.awslambda.models import lambda_backends

    backend = lambda_backends[function.account_id][function.region]
    latest = backend.get_function(function.function_name)
    logging_config = getattr(function, "vmie_LoggingConfig", {})
    arn = ":".join(function.function_arn.split(":")[:7])
    reserved = latest.reserved_concurrency
    return FunctionVersion(
        account=function.account_id,
        region=function.region,
        name=function.function_name,
        version=str(function.version),
        invoked_arn=f"{arn}:{qualifier}" if qualifier else arn,
        runtime=function.run_time or "",
        handler=function.handler or "",
        role_arn=function.role,
        timeout=float(function.timeout),
        memory_mb=int(function.memory_size),
        environment={name: str(value) for name, value in (function.environment_vars or {}).items()},
        code=_archive(getattr(function, "code_digest", ""), getattr(function, "code_bytes", b"")),
        layers=tuple(_layer(backend, layer["Arn"]) for layer in function.layers),
        log_group=logging_config.get("LogGroup") or function.logs_group_name,
        log_format=logging_config.get("LogFormat", "Text"),
        log_level=logging_config.get("ApplicationLogLevel"),
        reserved_concurrency=None if reserved is None else int(reserved),
        asynchronous=_asynchronous(latest),
    )


def _asynchronous(latest: Any) -> AsyncConfiguration:
    config = latest.event_invoke_config[-1].config if latest.event_invoke_config else {}
    destinations = config.get("DestinationConfig") or {}
    dead_letters = getattr(latest, "vmie_DeadLetterConfig", {})
    return AsyncConfiguration(
        retries=int(config.get("MaximumRetryAttempts", 2)),
        maximum_age_seconds=int(config.get("MaximumEventAgeInSeconds", 21600)),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
        dead_letter_arn=dead_letters.get("TargetArn"),
    )


def _archive(digest: str, content: bytes) -> Archive:
    return Archive("".join(c if c.isalnum() else "_" for c in digest)[-64:], lambda: content)


def _layer(backend: Any, arn: str) -> Archive:
    layer = backend.layers_versions_by_arn(arn)
    return _archive(layer.code_digest, layer.code_bytes)


def _qualifier(name_or_arn: str) -> str | None:
    parts = name_or_arn.split(":function:")[-1].split(":")
    return parts[1] if len(parts) > 1 else None


def event_source_mappings() -> Iterator[EventSourceMapping]:
    """The enabled mappings of queues."""
    from moto.awslambda.models import lambda_backends

    from vmie_local.functions.event_sources import EventSourceMapping

    for account in list(lambda_backends.values()):
        for backend in list(account.values()):
            for mapping in list(backend._event_source_mappings.values()):
                if not mapping.enabled or ":sqs:" not in mapping.event_source_arn:
                    continue
                filters = (mapping.filter_criteria or {}).get("Filters") or []
                yield EventSourceMapping(
                    uuid=mapping.uuid,
                    queue_arn=mapping.event_source_arn,
                    function=_mapped_function(mapping),
                    batch_size=mapping.batch_size,
                    batching_window_seconds=int(mapping.max_batch_window or 0),
                    maximum_concurrency=int((mapping.scaling_config or {}).get("MaximumConcurrency", 5)),
                    report_failures="ReportBatchItemFailures" in (mapping.function_response_types or ()),
                    filters=tuple(EventPattern(f["Pattern"]) for f in filters),
                )


def _mapped_function(mapping: Any) -> str:
    """The alias that a mapping was made for, if any: moto keeps the version it meant at that time."""
    alias = _qualifier(mapping.function_name)
    name = mapping.function_arn.split(":")[6]
    return f"{name}:{alias}" if alias and name in mapping.function_name.split(":") else mapping.function_arn
