"""Lambda: configuration that moto forgets, or accepts where Lambda refuses it."""

from __future__ import annotations

from typing import Any

from vmie_local.moto_seams import sqs
from vmie_local.moto_seams.seam import Seam, replace

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
CREATE_MAPPING = Seam(
    "moto.awslambda.models:LambdaBackend.create_event_source_mapping",
    "accepts queues whose visibility timeout is shorter than the function's timeout",
    ("self", "spec"),
)

SEAMS = (FUNCTION_INIT, UPDATE_CONFIGURATION, GET_CONFIGURATION, PUT_EVENT_INVOKE_CONFIG, CREATE_MAPPING)

_FORGOTTEN = ("LoggingConfig", "DeadLetterConfig", "SnapStart")


def install() -> None:
    """Remember and refuse what Lambda would."""
    replace(FUNCTION_INIT, _remember_at_creation)
    replace(UPDATE_CONFIGURATION, _remember_at_update)
    replace(GET_CONFIGURATION, _tell_what_was_remembered)
    replace(PUT_EVENT_INVOKE_CONFIG, _replace_event_invoke_config)
    replace(CREATE_MAPPING, _checked_mapping)


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


def _checked_mapping(original: Any) -> Any:
    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        arn = str(spec.get("EventSourceArn"))
        if ":sqs:" in arn and spec.get("FunctionName"):
            function = self.get_function(spec["FunctionName"])
            _, _, _, region, account, queue = arn.split(":", 5)
            visible_after = sqs.visibility_timeout(account, region, queue)
            if 0 < visible_after < int(function.timeout):
                from moto.awslambda.exceptions import InvalidParameterValueException

                raise InvalidParameterValueException(
                    f"Queue visibility timeout: {visible_after} seconds is less than "
                    f"Function timeout: {function.timeout} seconds"
                )
        return original(self, spec)

    return create_event_source_mapping
