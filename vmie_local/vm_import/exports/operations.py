"""The operations on export tasks of images and instances."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from vmie_local.vm_import import ids
from vmie_local.vm_import.export_image.service import ExportImageService
from vmie_local.vm_import.export_image.task import ExportImageTask
from vmie_local.vm_import.export_instance.service import ExportInstanceService
from vmie_local.vm_import.export_instance.task import ExportInstanceTask
from vmie_local.vm_import.exports import errors
from vmie_local.vm_import.exports.cancellation import ExportCancellation
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.operation import Operation
from vmie_local.vm_import.task_book import TaskBook
from vmie_local.vm_import.task_desk import TaskDesk


@dataclass(frozen=True)
class Books:
    """The export tasks, by what they export."""

    images: TaskBook[ExportImageTask] = field(default_factory=TaskBook)
    instances: TaskBook[ExportInstanceTask] = field(default_factory=TaskBook)


def operations(around: ExportSurroundings, books: Books) -> dict[str, Operation]:
    """The operations by name."""
    is_image, is_instance = (partial(ids.is_id, prefix) for prefix in (ids.EXPORT_IMAGE, ids.EXPORT_INSTANCE))
    images = TaskDesk(
        around.common,
        "ExportImage",
        is_image,
        books.images,
        lambda task_id: errors.task_unknown(task_id, well_formed=is_image(task_id)),
    )
    instances = TaskDesk(
        around.common,
        "CreateInstanceExportTask",
        is_instance,
        books.instances,
        lambda task_id: errors.task_unknown(task_id, well_formed=is_instance(task_id)),
    )
    of_images = ExportImageService(around, images)
    of_instances = ExportInstanceService(around, instances)
    return {
        "ExportImage": of_images.export_image,
        "DescribeExportImageTasks": of_images.describe_export_image_tasks,
        "CreateInstanceExportTask": of_instances.create_instance_export_task,
        "DescribeExportTasks": of_instances.describe_export_tasks,
        "CancelExportTask": ExportCancellation(around.common, (images, instances)).cancel_export_task,
    }
