"""ImportImage, DescribeImportImageTasks and CancelImportTask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vmie_local.clock import Clock
from vmie_local.place import Place
from vmie_local.vm_import import filters, ids, pages, request_errors
from vmie_local.vm_import.engine import Engine
from vmie_local.vm_import.import_image import task as import_task
from vmie_local.vm_import.import_image.conversion import Converter
from vmie_local.vm_import.import_image.request import ImportImageRequest, parse
from vmie_local.vm_import.import_image.task import ImportImageTask
from vmie_local.vm_import.ports import Faults, Keys, Registry
from vmie_local.vm_import.quota import Quota
from vmie_local.vm_import.service_role import ServiceRoles
from vmie_local.vm_import.task_book import TaskBook, TokenReusedError


@dataclass(frozen=True)
class ImportImageService:
    """The operations, without HTTP: parameters and answers have botocore's member names."""

    clock: Clock
    quota: Quota
    book: TaskBook[ImportImageTask]
    engine: Engine
    roles: ServiceRoles
    converter: Converter
    registry: Registry
    keys: Keys
    faults: Faults
    scratch: Path

    def import_image(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Accept a task, or say why not: the request first, then the dry run, the token, the role, the quota.

        Raises:
            ApiError: As EC2 answers.
        """
        request = parse(parameters)
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()
        with self.engine.lock:
            self._catch_up()
            known = self._known(place, request)
            if known:
                return self._first_answer(place, known)
        role_arn = self._check_surroundings(place, request)
        request = self._with_snapshots(place, request)
        with self.engine.lock:
            known = self._known(place, request)
            if known:
                return self._first_answer(place, known)
            self.quota.require_room(place)
            task = self._accept(place, request, role_arn)
            return self._first_answer(place, task)

    def describe_import_image_tasks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Show tasks, oldest first.

        Raises:
            ApiError: As EC2 answers, for an unknown or expired id too.
        """
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()
        wanted = parameters.get("Filters") or []
        filters.check(wanted)
        with self.engine.lock:
            self._catch_up()
            asked = parameters.get("ImportTaskIds") or []
            tasks = [self._task(place, task_id) for task_id in asked] if asked else self.book.all(place)
            shown = []
            for task in tasks:
                tags = self.registry.tags_of(place, task.id)
                if filters.passes(wanted, task.status, tags):
                    shown.append(import_task.describe(task, self.clock.now(), tags))
        on_page, token = pages.page(shown, parameters.get("MaxResults"), parameters.get("NextToken"))
        answer: dict[str, Any] = {"ImportImageTasks": list(on_page)}
        return {**answer, "NextToken": token} if token else answer

    def cancel_import_task(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """End an active task.

        Raises:
            ApiError: If there is no such task or it has ended.
        """
        task_id = parameters.get("ImportTaskId")
        if not task_id:
            raise request_errors.missing("importTaskId")
        with self.engine.lock:
            self._catch_up()
            task = self._task(place, task_id)
            if parameters.get("DryRun"):
                raise request_errors.would_have_succeeded()
            if task.status != "active":
                raise request_errors.task_not_cancellable(task_id, task.status)
            previous = task.status
            task.cancel(parameters.get("CancelReason"), self.clock.now())
        self.engine.wake()
        return {"ImportTaskId": task_id, "PreviousState": previous, "State": "deleting"}

    def knows(self, place: Place, task_id: str) -> bool:
        """Whether there is a task of this id, for the tagging operations."""
        with self.engine.lock:
            return self.book.find(place, task_id) is not None

    def _known(self, place: Place, request: ImportImageRequest) -> ImportImageTask | None:
        try:
            return self.book.made_with(place, request.token, request.fingerprint)
        except TokenReusedError as error:
            raise request_errors.token_reused() from error

    def _check_surroundings(self, place: Place, request: ImportImageRequest) -> str:
        """The role's ARN, once role, buckets and key are found usable."""
        role = self.roles.check(place, request.role_name, request.objects, self.clock.now())
        for bucket in dict.fromkeys(bucket for bucket, _ in request.objects):
            region = self.converter.objects.bucket_region(role.arn, bucket)
            if region is None:
                raise request_errors.bad_source()
            if region != place.region:
                raise request_errors.object_not_local()
        key = request.given.get("KmsKeyId")
        if key and not self.keys.usable(place, key):
            raise request_errors.key_inaccessible()
        return role.arn

    def _with_snapshots(self, place: Place, request: ImportImageRequest) -> ImportImageRequest:
        """The request with the sizes of the snapshots it names."""
        containers = []
        for container in request.containers:
            if container.snapshot_id:
                size = self.registry.snapshot_size(place, container.snapshot_id)
                if size is None:
                    raise request_errors.snapshot_missing(container.snapshot_id)
                container = replace(container, volume_size=size)
            containers.append(container)
        return replace(request, containers=tuple(containers))

    def _accept(self, place: Place, request: ImportImageRequest, role_arn: str) -> ImportImageTask:
        task = ImportImageTask(
            place,
            request,
            role_arn,
            converter=self.converter,
            registry=self.registry,
            scratch=self.scratch,
            started_at=self.clock.now(),
            fault=self.faults.take("ImportImage"),
        )
        self.book.add(place, task, request.token, request.fingerprint)
        self.registry.tag(place, task.id, request.tags)
        self.engine.wake()
        return task

    def _first_answer(self, place: Place, task: ImportImageTask) -> dict[str, Any]:
        """The description without the boot mode, which ImportImage does not return."""
        shown = import_task.describe(task, self.clock.now(), self.registry.tags_of(place, task.id))
        return {name: value for name, value in shown.items() if name != "BootMode"}

    def _task(self, place: Place, task_id: str) -> ImportImageTask:
        task = self.book.find(place, task_id) if ids.is_import_image_id(task_id) else None
        if task is None:
            raise request_errors.task_unknown(task_id)
        return task

    def _catch_up(self) -> None:
        self.engine.tick()
        for place, task in self.book.forget_expired(self.clock.now()):
            self.registry.untag(place, task.id)
