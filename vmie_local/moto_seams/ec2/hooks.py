"""What moto tells us, and asks us, about EC2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmie_local.moto_seams.ec2 import instances, snapshots, tags


@dataclass(frozen=True)
class Hooks:
    """Who is told and asked.

    Attributes:
        snapshot_deleted: Told the id of every snapshot that is deleted.
        task_exists: Asked with account, Region and id when a task is to be tagged; raises `ApiError` if there
            is none.
    """

    snapshot_deleted: Callable[[str], None]
    task_exists: Callable[[str, str, str], None]


_current: list[Hooks] = []


def install(hooks: Hooks) -> None:
    """Teach moto what it lacks. It is patched once per process; later hooks replace earlier ones."""
    first = not _current
    _current[:] = [hooks]
    if not first:
        return
    snapshots.tell_of_deletions(_snapshot_deleted)
    tags.allow_tasks(_task_exists)
    instances.take_disks_of_image()


def _snapshot_deleted(snapshot_id: str) -> None:
    _current[0].snapshot_deleted(snapshot_id)


def _task_exists(account: str, region: str, task_id: str) -> None:
    _current[0].task_exists(account, region, task_id)
