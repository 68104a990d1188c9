"""The environment of a function as one typed model; see docs/architecture.md for the table of variables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from vmie_runtime.checks.allowed import Allowed


class SettingMissing(RuntimeError):
    """A function was deployed without a variable that it needs."""


class Settings:
    """What the stack's owner configured.

    A function is given only the variables that it needs; asking for another one raises `SettingMissing`.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    @cached_property
    def requests_table(self) -> str:
        """Name of the requests table; also marks our tasks, as the value of the tag `vmie:workflow`."""
        return self._required("VMIE_REQUESTS_TABLE")

    @cached_property
    def workflow_kind(self) -> str:
        """Whose requests the function serves: `import` or `export`. Default: `import`."""
        return self._environment.get("VMIE_WORKFLOW_KIND") or "import"

    @cached_property
    def bucket(self) -> str:
        """Name of the bucket that requests and results lie in."""
        return self._required("VMIE_BUCKET")

    @cached_property
    def allowed(self) -> Allowed:
        """What requests may name beyond what is the stack's own. Default: nothing."""
        return Allowed.from_json(self._environment.get("VMIE_ALLOWED", ""))

    @cached_property
    def url_signing_role(self) -> str:
        """ARN of the role whose sessions sign URLs of disk images."""
        return self._required("VMIE_URL_SIGNING_ROLE")

    @cached_property
    def service_role_name(self) -> str:
        """The `RoleName` that goes along with every import."""
        return self._required("VMIE_SERVICE_ROLE_NAME")

    @cached_property
    def starting_role(self) -> str | None:
        """ARN of the role that starts tasks, with whose rights EC2 uses keys; None where it is not told."""
        return self._environment.get("VMIE_STARTING_ROLE") or None

    @cached_property
    def state_machine_arn(self) -> str:
        """The import's state machine."""
        return self._required("VMIE_STATE_MACHINE_ARN")

    @cached_property
    def reconciler_function(self) -> str:
        """ARN of the reconciler's published version."""
        return self._required("VMIE_RECONCILER_FUNCTION")

    @cached_property
    def queue_url(self) -> str:
        """URL of the intake's queue."""
        return self._required("VMIE_QUEUE_URL")

    @cached_property
    def topic_arn(self) -> str | None:
        """Where terminal results are published; None where the stack has no topic."""
        return self._environment.get("VMIE_TOPIC_ARN") or None

    @cached_property
    def event_bus(self) -> str:
        """Name or ARN of the event bus. Default: the account's default bus."""
        return self._environment.get("VMIE_EVENT_BUS") or "default"

    @cached_property
    def pause_parameter(self) -> str:
        """SSM parameter whose value `true` stops admission."""
        return self._required("VMIE_PAUSE_PARAMETER")

    @cached_property
    def max_concurrent_tasks(self) -> int:
        """How many EC2 tasks may run at once. Default: 5, the service's default quota."""
        return int(self._environment.get("VMIE_MAX_CONCURRENT_TASKS", "5"))

    @cached_property
    def deadline_seconds(self) -> int:
        """Seconds from admission to the end. Default: 12 hours."""
        return int(self._environment.get("VMIE_DEADLINE_SECONDS", "43200"))

    @cached_property
    def stall_seconds(self) -> int:
        """Seconds without any change of phase or progress after which a task is stalled. Default: 4 hours."""
        return int(self._environment.get("VMIE_STALL_SECONDS", "14400"))

    @cached_property
    def import_defaults(self) -> dict[str, Any]:
        """Parameters of ImportImage that apply to every file dropped under `images/`; and `Tags`."""
        defaults = json.loads(self._environment.get("VMIE_IMPORT_DEFAULTS", "{}"))
        if not isinstance(defaults, dict):
            raise SettingMissing("VMIE_IMPORT_DEFAULTS must be a JSON object.")
        return defaults

    @cached_property
    def region(self) -> str:
        """The Region the function runs in."""
        return self._required("AWS_REGION")

    def _required(self, name: str) -> str:
        value = self._environment.get(name)
        if not value:
            raise SettingMissing(f"The function's environment has no {name}: deploy the stack again.")
        return value
