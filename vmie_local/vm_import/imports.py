"""The operations on import tasks of images and snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from vmie_local.vm_import import ids
from vmie_local.vm_import.cancellation import ImportCancellation
from vmie_local.vm_import.import_image.service import ImportImageService
from vmie_local.vm_import.import_image.task import ImportImageTask
from vmie_local.vm_import.import_snapshot.service import ImportSnapshotService
from vmie_local.vm_import.import_snapshot.task import ImportSnapshotTask
from vmie_local.vm_import.operation import Operation
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task_book import TaskBook
from vmie_local.vm_import.task_desk import TaskDesk


@dataclass(frozen=True)
class Books:
    """The import tasks, by what they make."""

    images: TaskBook[ImportImageTask] = field(default_factory=TaskBook)
    snapshots: TaskBook[ImportSnapshotTask] = field(default_factory=TaskBook)


def operations(around: Surroundings, books: Books) -> dict[str, Operation]:
    """The operations by name."""
    images = TaskDesk(around, "ImportImage", partial(ids.is_id, ids.IMPORT_IMAGE), books.images)
    snapshots = TaskDesk(around, "ImportSnapshot", partial(ids.is_id, ids.IMPORT_SNAPSHOT), books.snapshots)
    of_images = ImportImageService(around, images)
    of_snapshots = ImportSnapshotService(around, snapshots)
    return {
        "ImportImage": of_images.import_image,
        "DescribeImportImageTasks": of_images.describe_import_image_tasks,
        "ImportSnapshot": of_snapshots.import_snapshot,
        "DescribeImportSnapshotTasks": of_snapshots.describe_import_snapshot_tasks,
        "CancelImportTask": ImportCancellation(around, (images, snapshots)).cancel_import_task,
    }
