"""Lambda: functions run as processes, and configuration that moto forgets."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from vmie_local.events.pattern import EventPattern
from vmie_local.functions.function import Archive, AsyncConfiguration, FunctionVersion
from vmie_local.functions.invocation import Invocation, TooManyRequestsError, error_document
from vmie_local.moto_seams.seam import Seam, replace

if TYPE_CHECKING:
    from vmie_local.functions import Functions
    from vmie_local.functions.event_sources import EventSourceMapping

INVOKE = Seam("moto.awslambda.responses:LambdaResponse.invoke", "moto runs functions in Docker", None)
INTERNAL_INVOKE = Seam(
    "moto.awslambda.models:LambdaFunction.invoke",
    "S3, SNS and others invoke functions from inside moto, and wait",
    ("self", "body", "request_headers", "response_headers"),
)
FUNCTION_INIT = Seam(
    "moto.awslambda.models:LambdaFunction.__init__",
    "LoggingConfig, DeadLetterConfig and SnapStart are forgotten",
    ("self", "account_id", "spec", "region", "version"),
)
UPDATE_CONFIGURATION = Seam(
    "moto.awslambda.models:LambdaFunction.update_configuration",
    "as with creating a function",
    ("self", "config_updates"),
)
GET_CONFIGURATION = Seam(
    "moto.awslambda.models:LambdaFunction.get_configuration",
    "as with creating a function",
    ("self", "on_create"),
)
PUT_EVENT_INVOKE_CONFIG = Seam(
    "moto.awslambda.models:LambdaBackend.put_function_event_invoke_config",
    "a second configuration never takes effect",
    ("self", "function_name", "config"),
)
BACKENDS = Seam("moto.awslambda.models:lambda_backends", "functions, layers and event source mappings")
LOGS = Seam(
    "moto.logs.models:LogsBackend.put_log_events",
    "function logs",
    ("self", "log_group_name", "log_stream_name", "log_events"),
)

SEAMS = (
    INVOKE,
    INTERNAL_INVOKE,
    FUNCTION_INIT,
    UPDATE_CONFIGURATION,
    GET_CONFIGURATION,
    PUT_EVENT_INVOKE_CONFIG,
    BACKENDS,
    LOGS,
)

_FORGOTTEN = ("LoggingConfig", "DeadLetterConfig", "SnapStart")
_MOST_PAYLOAD = 6 * 1024 * 1024


def install(functions: Functions) -> Registry:
    """Let functions be run by our part; the registry finds them."""
    registry = Registry()
    replace(INVOKE, lambda _: _invoke_operation(functions, registry))
    replace(INTERNAL_INVOKE, lambda _: _internal_invoke(functions))
    replace(FUNCTION_INIT, _remember_at_creation)
    replace(UPDATE_CONFIGURATION, _remember_at_update)
    replace(GET_CONFIGURATION, _tell_what_was_remembered)
    replace(PUT_EVENT_INVOKE_CONFIG, _replace_event_invoke_config)
    return registry


class Registry:
    """Function versions in moto's memory."""

    def find(self, account: str, region: str, name_or_arn: str, qualifier: str | None) -> FunctionVersion:
        """The version meant; moto's `UnknownFunctionException` answers for one that does not exist."""
        from moto.awslambda.models import lambda_backends

        backend = lambda_backends[account][region]
        return version_of(backend.get_function(name_or_arn, qualifier), _qualifier(name_or_arn) or qualifier)


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
        code=_archive(function.code_digest, function.code_bytes),
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


def _invoke_operation(functions: Functions, registry: Registry) -> Any:
    def invoke(self: Any) -> tuple[int, dict[str, str], bytes]:
        name = unquote(self.path.rsplit("/", 2)[-2])
        qualifier = self.querystring.get("Qualifier", [None])[0]
        function = registry.find(self.current_account, self.region, name, qualifier)
        payload = _payload(self.body)
        invocation = Invocation(payload, trace_header=self.headers.get("X-Amzn-Trace-Id", ""))
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return 204, {}, b""
        if kind == "Event":
            functions.invoke_later(function, invocation)
            return 202, {}, b""
        try:
            outcome = functions.invoke(function, invocation)
        except TooManyRequestsError:
            raise _throttled() from None
        return 200, _headers(function, outcome, self.headers.get("X-Amz-Log-Type")), _sized(outcome.payload)

    return invoke


def _headers(function: FunctionVersion, outcome: Any, log_type: str | None) -> dict[str, str]:
    headers = {"content-type": "application/json", "x-amz-executed-version": function.version}
    if outcome.failed or len(outcome.payload) > _MOST_PAYLOAD:
        headers["x-amz-function-error"] = "Unhandled"
    if log_type == "Tail":
        tail = "\n".join(outcome.log).encode()[-4096:]
        headers["x-amz-log-result"] = base64.b64encode(tail).decode()
    return headers


def _sized(payload: bytes) -> bytes:
    if len(payload) <= _MOST_PAYLOAD:
        return payload
    return error_document(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({_MOST_PAYLOAD} bytes).",
    )


def _payload(body: Any) -> bytes:
    from moto.core.exceptions import JsonRESTError

    raw = body.encode() if isinstance(body, str) else bytes(body or b"")
    try:
        json.loads(raw or b"{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise JsonRESTError("InvalidRequestContentException", message) from error
    return raw or b"{}"


def _throttled() -> Exception:
    from moto.core.exceptions import JsonRESTError

    class TooManyRequestsException(JsonRESTError):  # type: ignore[misc]
        code = 429

    return TooManyRequestsException("TooManyRequestsException", "Rate Exceeded.")


def _internal_invoke(functions: Functions) -> Any:
    def invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:  # noqa: ARG001
        functions.invoke_later(version_of(self, None), Invocation(_payload(body)))
        return b""

    return invoke


def _remember_at_creation(original: Any) -> Any:
    def init(self: Any, account_id: str, spec: dict[str, Any], region: str, version: Any = 1) -> None:
        original(self, account_id, spec, region, version)
        for name in _FORGOTTEN:
            setattr(self, f"vmie_{name}", spec.get(name) or {})

    return init


def _remember_at_update(original: Any) -> Any:
    def update_configuration(self: Any, config_updates: dict[str, Any]) -> Any:
        for name in _FORGOTTEN:
            if name in config_updates:
                setattr(self, f"vmie_{name}", config_updates[name] or {})
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        return original(self, config_updates)

    return update_configuration


def _tell_what_was_remembered(original: Any) -> Any:
    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        configuration: dict[str, Any] = original(self, on_create)
        logging_config = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
        configuration["LoggingConfig"] = logging_config | getattr(self, "vmie_LoggingConfig", {})
        if dead_letters := getattr(self, "vmie_DeadLetterConfig", {}):
            configuration["DeadLetterConfig"] = dead_letters
        return configuration

    return get_configuration


def _replace_event_invoke_config(original: Any) -> Any:
    def put_function_event_invoke_config(self: Any, function_name: str, config: dict[str, Any]) -> Any:
        answer = original(self, function_name, config)
        kept = self.get_function(function_name).event_invoke_config
        del kept[:-1]
        return answer

    return put_function_event_invoke_config


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


def write_log(function: FunctionVersion, stream: str, lines: tuple[str, ...]) -> None:
    """Append lines to a log stream of the function's group, both made if missing."""
    from moto.logs.models import logs_backends

    backend = logs_backends[function.account][function.region]
    backend.ensure_log_group(function.log_group)
    backend.ensure_log_stream(function.log_group, stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    backend.put_log_events(function.log_group, stream, events)
