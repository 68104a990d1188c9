"""CreateInstanceExportTask and DescribeExportTasks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.front_door.authorization.requirement import partition
from vmie_local.place import Place
from vmie_local.vm_import import ids
from vmie_local.vm_import.export_instance.checks import exportable_disk
from vmie_local.vm_import.export_instance.request import ExportInstanceRequest, parse
from vmie_local.vm_import.export_instance.task import ExportInstanceTask, describe
from vmie_local.vm_import.exports import errors
from vmie_local.vm_import.exports.bucket_access import may_write
from vmie_local.vm_import.exports.grantees import grantees
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.exports.target import require_local
from vmie_local.vm_import.service_role import WRITE_PROBE
from vmie_local.vm_import.task_desk import Claim, TaskDesk

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportInstanceService:
    """The operations, without HTTP: parameters and answers have botocore's member names."""

    surroundings: ExportSurroundings
    desk: TaskDesk[ExportInstanceTask]

    def create_instance_export_task(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Accept a task, or say why not: the request first, then the instance, the bucket and the quota.

        Raises:
            ApiError: As EC2 answers.
        """
        request = parse(parameters)
        machine = self.surroundings.machines.instance(place, request.instance_id)
        disk = exportable_disk(place, machine, self.surroundings.machines)
        self._check_bucket(place, request)
        task = self.desk.admit(
            place,
            Claim(None, ""),
            request.tags,
            lambda fault: ExportInstanceTask(place, request, machine, disk, self.surroundings, fault),
        )
        with self.surroundings.common.engine.lock:
            shown = describe(task, self.surroundings.common.clock.now(), self.desk.tags(place, task))
        return {"ExportTask": shown}

    def describe_export_tasks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Show tasks, oldest first.

        Raises:
            ApiError: As EC2 answers, for an unknown or expired id too.
        """
        return self.desk.describe(place, parameters, describe, asked="ExportTaskIds", answer="ExportTasks")

    def _check_bucket(self, place: Place, request: ExportInstanceRequest) -> None:
        around = self.surroundings
        if around.encoder is None:
            raise errors.no_encoder(request.format)
        controls = require_local(place, request.bucket, around.buckets)
        grantee = grantees().get(place.region)
        keys = (WRITE_PROBE, request.key(ids.example_export_id(ids.EXPORT_INSTANCE)))
        bucket_arn = f"arn:{partition(place.region)}:s3:::{request.bucket}"
        if around.iam == "off" or (grantee and may_write(bucket_arn, controls, grantee, keys)):
            return
        _log.warning("The bucket %s does not let the export service %s write.", request.bucket, grantee)
        if around.iam == "enforce":
            raise errors.bucket_not_granted()
