"""Lambda: functions run as processes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from vmie_local.functions.function import FunctionVersion
from vmie_local.functions.invocation import Invocation
from vmie_local.moto_seams import lambda_configuration
from vmie_local.moto_seams.lambda_registry import Registry, version_of
from vmie_local.moto_seams.seam import Seam, replace

if TYPE_CHECKING:
    from vmie_local.functions import Functions

INTERNAL_INVOKE = Seam(
    "moto.awslambda.models:LambdaFunction.invoke",
    "SNS and others invoke functions from inside moto, in Docker, and wait",
    ("self", "body", "request_headers", "response_headers"),
)
LOGS = Seam(
    "moto.logs.models:LogsBackend.put_log_events",
    "function logs",
    ("self", "log_group_name", "log_stream_name", "log_events"),
)

SEAMS = (INTERNAL_INVOKE, LOGS)


def install(functions: Functions) -> Registry:
    """Let functions be run by our part; the registry finds them."""
    replace(INTERNAL_INVOKE, lambda _: _internal_invoke(functions))
    lambda_configuration.install()
    return Registry()


def _internal_invoke(functions: Functions) -> Any:
    def invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:  # noqa: ARG001
        raw = body.encode() if isinstance(body, str) else bytes(body or b"")
        functions.invoke_later(version_of(self, None), Invocation(raw or b"{}"))
        return b""

    return invoke


def write_log(function: FunctionVersion, stream: str, lines: tuple[str, ...]) -> None:
    """Append lines to a log stream of the function's group, both made if missing."""
    from moto.logs.models import logs_backends

    backend = logs_backends[function.account][function.region]
    backend.ensure_log_group(function.log_group)
    backend.ensure_log_stream(function.log_group, stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    backend.put_log_events(function.log_group, stream, events)
