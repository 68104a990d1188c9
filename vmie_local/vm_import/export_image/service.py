"""ExportImage and DescribeExportImageTasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import ids, request_errors
from vmie_local.vm_import.export_image.checks import exportable_disk
from vmie_local.vm_import.export_image.request import ExportImageRequest, parse
from vmie_local.vm_import.export_image.task import ExportImageTask, describe
from vmie_local.vm_import.exports import errors
from vmie_local.vm_import.exports.ports import Disk
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.exports.target import require_local
from vmie_local.vm_import.task_desk import Claim, TaskDesk

MOST_RESULTS = 500
"""Of a page of DescribeExportImageTasks (EC2 API reference)."""


@dataclass(frozen=True)
class ExportImageService:
    """The operations, without HTTP: parameters and answers have botocore's member names."""

    surroundings: ExportSurroundings
    desk: TaskDesk[ExportImageTask]

    def export_image(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Accept a task, or say why not.

        The request comes first, then the dry run, the token, the image, the role, the bucket and the quotas.

        Raises:
            ApiError: As EC2 answers.
        """
        request = parse(parameters)
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()
        claim = Claim(request.token, request.fingerprint)
        task = self.desk.repeated(place, claim)
        if task is None:
            disk = exportable_disk(place, self.surroundings.machines.image(place, request.image_id))
            role_arn = self._check_target(place, request)
            task = self._admit(place, request, claim, disk, role_arn)
        with self.surroundings.common.engine.lock:
            shown = describe(task, self.surroundings.common.clock.now(), self.desk.tags(place, task))
        return {**shown, "DiskImageFormat": task.format, "RoleName": task.request.role_name}

    def describe_export_image_tasks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Show tasks, oldest first.

        Raises:
            ApiError: As EC2 answers, for an unknown or expired id too.
        """
        most = parameters.get("MaxResults")
        if most is not None and not 1 <= most <= MOST_RESULTS:
            raise request_errors.bad_value(
                f"Value ({most}) for parameter maxResults is invalid. Expecting a value between 1 and "
                f"{MOST_RESULTS}."
            )
        return self.desk.describe(
            place, parameters, describe, asked="ExportImageTaskIds", answer="ExportImageTasks"
        )

    def _check_target(self, place: Place, request: ExportImageRequest) -> str:
        """The role's ARN, once role and bucket are found usable."""
        around = self.surroundings
        if request.format != "RAW" and around.encoder is None:
            raise errors.no_encoder(request.format)
        key = request.key(ids.example_export_id(ids.EXPORT_IMAGE))
        role = around.common.roles.check_export(
            place, request.role_name, request.bucket, key, around.common.clock.now()
        )
        require_local(place, request.bucket, around.buckets)
        return role.arn

    def _admit(
        self, place: Place, request: ExportImageRequest, claim: Claim, disk: Disk, role_arn: str
    ) -> ExportImageTask:
        with self.surroundings.common.engine.lock:
            known = self.desk.repeated(place, claim)
            if known is not None:
                return known
            if any(
                task.status == "active" and task.request.image_id == request.image_id
                for task in self.desk.book.all(place)
            ):
                raise errors.image_busy(request.image_id)
            return self.desk.admit(
                place,
                claim,
                request.tags,
                lambda fault: ExportImageTask(place, request, disk, role_arn, self.surroundings, fault),
            )
