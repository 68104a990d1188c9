"""The environment variables that `vmie_runtime.settings` reads."""

from __future__ import annotations

from enum import StrEnum


class Variable(StrEnum):
    """One variable each; a function gets only those that it needs."""

    REQUESTS_TABLE = "VMIE_REQUESTS_TABLE"
    IMPORT_BUCKET = "VMIE_IMPORT_BUCKET"
    SERVICE_ROLE_NAME = "VMIE_SERVICE_ROLE_NAME"
    STATE_MACHINE_ARN = "VMIE_STATE_MACHINE_ARN"
    RECONCILER_FUNCTION = "VMIE_RECONCILER_FUNCTION"
    TOPIC_ARN = "VMIE_TOPIC_ARN"
    EVENT_BUS = "VMIE_EVENT_BUS"
    PAUSE_PARAMETER = "VMIE_PAUSE_PARAMETER"
    MAX_CONCURRENT_TASKS = "VMIE_MAX_CONCURRENT_TASKS"
    DEADLINE_SECONDS = "VMIE_DEADLINE_SECONDS"
    STALL_SECONDS = "VMIE_STALL_SECONDS"
    IMPORT_DEFAULTS = "VMIE_IMPORT_DEFAULTS"
