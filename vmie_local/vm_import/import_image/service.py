"""ImportImage and DescribeImportImageTasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import request_errors, source_checks
from vmie_local.vm_import.import_image import task as import_task
from vmie_local.vm_import.import_image.conversion import Converter
from vmie_local.vm_import.import_image.request import ImportImageRequest, parse
from vmie_local.vm_import.import_image.task import ImportImageTask
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task_desk import Claim, TaskDesk


@dataclass(frozen=True)
class ImportImageService:
    """The operations, without HTTP: parameters and answers have botocore's member names."""

    surroundings: Surroundings
    desk: TaskDesk[ImportImageTask]

    def import_image(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Accept a task, or say why not: the request first, then the dry run, the token, the role, the quota.

        Raises:
            ApiError: As EC2 answers.
        """
        request = parse(parameters)
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()
        claim = Claim(request.token, request.fingerprint)
        known = self.desk.repeated(place, claim)
        if known:
            return self._first_answer(place, known)
        role_arn = source_checks.check(
            self.surroundings,
            place,
            role_name=request.role_name,
            objects=request.objects,
            key_id=parameters.get("KmsKeyId"),
            not_local=lambda _: request_errors.object_not_local(),
        )
        request = self._with_snapshots(place, request)
        around = self.surroundings
        task = self.desk.admit(
            place,
            claim,
            request.tags,
            lambda fault: ImportImageTask(
                place,
                request,
                role_arn,
                converter=Converter(around.objects, around.blocks, around.decoder),
                registry=around.registry,
                scratch=around.scratch,
                started_at=around.clock.now(),
                fault=fault,
            ),
        )
        return self._first_answer(place, task)

    def describe_import_image_tasks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Show tasks, oldest first.

        Raises:
            ApiError: As EC2 answers, for an unknown or expired id too.
        """
        return self.desk.describe(
            place, parameters, import_task.describe, asked="ImportTaskIds", answer="ImportImageTasks"
        )

    def _with_snapshots(self, place: Place, request: ImportImageRequest) -> ImportImageRequest:
        """The request with the sizes of the snapshots it names."""
        containers = []
        for container in request.containers:
            if container.snapshot_id:
                snapshot = self.surroundings.registry.snapshot(place, container.snapshot_id)
                if snapshot is None:
                    raise request_errors.snapshot_missing(container.snapshot_id)
                if snapshot.status != "completed":
                    raise request_errors.snapshot_not_ready(snapshot.status)
                container = replace(container, volume_size=snapshot.volume_size)
            containers.append(container)
        return replace(request, containers=tuple(containers))

    def _first_answer(self, place: Place, task: ImportImageTask) -> dict[str, Any]:
        """The description without the boot mode, which ImportImage does not return."""
        with self.surroundings.engine.lock:
            shown = import_task.describe(task, self.surroundings.clock.now(), self.desk.tags(place, task))
        return {name: value for name, value in shown.items() if name != "BootMode"}
