"""What moto tells us, and asks us, about EC2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmie_local.moto_seams.ec2 import disabled_images, instances, snapshots, tags, volumes


@dataclass(frozen=True)
class Hooks:
    """Who is told and asked.

    Attributes:
        snapshot_created: Told the id of every snapshot that is made of a volume, and the volume's.
        snapshot_deleted: Told the id of every snapshot that is deleted.
        volume_created: Told the id of every new volume, its GiB and its snapshot's id or None.
        volume_deleted: Told the id of every volume that is deleted.
        task_exists: Asked with account, Region and id when a task is to be tagged; raises `ApiError` if there
            is none.
    """

    snapshot_created: Callable[[str, str], None]
    snapshot_deleted: Callable[[str], None]
    volume_created: Callable[[str, int, str | None], None]
    volume_deleted: Callable[[str], None]
    task_exists: Callable[[str, str, str], None]


_current: list[Hooks] = []


def install(hooks: Hooks) -> None:
    """Teach moto what it lacks. It is patched once per process; later hooks replace earlier ones."""
    first = not _current
    _current[:] = [hooks]
    if not first:
        return
    snapshots.tell_of_creations(_snapshot_created)
    snapshots.tell_of_deletions(_snapshot_deleted)
    snapshots.show_progress()
    volumes.tell_of_creations(_volume_created)
    volumes.tell_of_deletions(_volume_deleted)
    volumes.let_take_time()
    tags.allow_tasks(_task_exists)
    instances.take_disks_of_image()
    disabled_images.hide()


def _snapshot_created(snapshot_id: str, volume_id: str) -> None:
    _current[0].snapshot_created(snapshot_id, volume_id)


def _snapshot_deleted(snapshot_id: str) -> None:
    _current[0].snapshot_deleted(snapshot_id)


def _volume_created(volume_id: str, size: int, snapshot_id: str | None) -> None:
    _current[0].volume_created(volume_id, size, snapshot_id)


def _volume_deleted(volume_id: str) -> None:
    _current[0].volume_deleted(volume_id)


def _task_exists(account: str, region: str, task_id: str) -> None:
    _current[0].task_exists(account, region, task_id)
