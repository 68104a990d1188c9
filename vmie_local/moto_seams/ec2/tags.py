"""Tags, on import and export tasks too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vmie_local.front_door.api_call import ApiError
from vmie_local.moto_seams.ec2.backend import BACKENDS, backend
from vmie_local.moto_seams.seam import Seam, replace, resolve

TASK_PREFIXES = {
    "import-ami": "import-image-task",
    "import-snap": "import-snapshot-task",
    "export-ami": "export-image-task",
    "export-i": "export-instance-task",
}
"""The prefixes of task ids and their resource types (Service Authorization Reference)."""

TaskExists = Callable[[str, str, str], None]

_PREFIXES = Seam("moto.ec2.utils:EC2_RESOURCE_TO_PREFIX", "tasks need a resource type to be tagged")
_RESOURCES = Seam("moto.ec2.utils:EC2_PREFIX_TO_RESOURCE", "tasks need a resource type to be tagged")
_GET_PREFIX = Seam(
    "moto.ec2.utils:get_prefix", "knows a prefix up to the first hyphen only", ("resource_id",)
)
_GET_PREFIX_OF_TAGS = Seam("moto.ec2.models.tags:get_prefix", "the same, imported by name", ("resource_id",))
_RESOURCES_EXIST = Seam(
    "moto.ec2.models:EC2Backend.do_resources_exist",
    "CreateTags on a task that does not exist",
    ("self", "resource_ids"),
)
SEAMS = (BACKENDS, _PREFIXES, _RESOURCES, _GET_PREFIX, _GET_PREFIX_OF_TAGS, _RESOURCES_EXIST)


def allow_tasks(task_exists: TaskExists) -> None:
    """Let tasks be tagged.

    Args:
        task_exists: Asked with account, Region and id before a task is tagged; raises `ApiError` if there is
            none.
    """
    resolve(_PREFIXES).update({kind: prefix for prefix, kind in TASK_PREFIXES.items()})
    resolve(_RESOURCES).update(TASK_PREFIXES)
    replace(_GET_PREFIX, _with_tasks)
    replace(_GET_PREFIX_OF_TAGS, _with_tasks)

    def make(original: Callable[[Any, list[str]], bool]) -> Callable[[Any, list[str]], bool]:
        def do_resources_exist(self: Any, resource_ids: list[str]) -> bool:
            for resource_id in resource_ids:
                if _task_prefix(resource_id):
                    _require(task_exists, self.account_id, self.region_name, resource_id)
            return original(self, resource_ids)

        return do_resources_exist

    replace(_RESOURCES_EXIST, make)


def of(account: str, region: str, resource_id: str) -> dict[str, str]:
    """The tags of a resource."""
    return dict(backend(account, region).tags.get(resource_id, {}))


def add(account: str, region: str, resource_id: str, tags: Mapping[str, str]) -> None:
    """Add tags to a resource."""
    if tags:
        backend(account, region).create_tags([resource_id], dict(tags))


def remove_all(account: str, region: str, resource_id: str) -> None:
    """Forget the tags of a resource."""
    backend(account, region).tags.pop(resource_id, None)


def _task_prefix(resource_id: str) -> str | None:
    return next((prefix for prefix in TASK_PREFIXES if resource_id.startswith(f"{prefix}-")), None)


def _with_tasks(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def get_prefix(resource_id: str) -> Any:
        return _task_prefix(resource_id) or original(resource_id)

    return get_prefix


def _require(task_exists: TaskExists, account: str, region: str, task_id: str) -> None:
    from moto.ec2.exceptions import EC2ClientError

    try:
        task_exists(account, region, task_id)
    except ApiError as error:
        raise EC2ClientError(error.code, error.message) from error
