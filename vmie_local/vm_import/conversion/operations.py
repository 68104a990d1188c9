"""The operations on conversion tasks, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from vmie_local.vm_import.conversion import ids
from vmie_local.vm_import.conversion.instance_task import ImportInstanceTask
from vmie_local.vm_import.conversion.service import ConversionService
from vmie_local.vm_import.conversion.task import Conversions
from vmie_local.vm_import.conversion.volume_task import ImportVolumeTask
from vmie_local.vm_import.ids import is_id
from vmie_local.vm_import.operation import Operation
from vmie_local.vm_import.task_book import TaskBook
from vmie_local.vm_import.task_desk import TaskDesk


@dataclass(frozen=True)
class Books:
    """The conversion tasks, by what they make."""

    instances: TaskBook[ImportInstanceTask] = field(default_factory=TaskBook)
    volumes: TaskBook[ImportVolumeTask] = field(default_factory=TaskBook)


def service(conversions: Conversions, books: Books) -> ConversionService:
    """The service on these tasks."""
    return ConversionService(
        conversions,
        TaskDesk(conversions.around, "ImportInstance", partial(is_id, ids.IMPORT_INSTANCE), books.instances),
        TaskDesk(conversions.around, "ImportVolume", partial(is_id, ids.IMPORT_VOLUME), books.volumes),
    )


def operations(conversions: Conversions, books: Books) -> dict[str, Operation]:
    """The operations by name."""
    of_conversions = service(conversions, books)
    return {
        "ImportInstance": of_conversions.import_instance,
        "ImportVolume": of_conversions.import_volume,
        "DescribeConversionTasks": of_conversions.describe_conversion_tasks,
        "CancelConversionTask": of_conversions.cancel_conversion_task,
    }
