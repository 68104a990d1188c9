"""ImportSnapshot and DescribeImportSnapshotTasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import request_errors, source_checks
from vmie_local.vm_import.import_snapshot.request import parse
from vmie_local.vm_import.import_snapshot.task import ImportSnapshotTask, describe
from vmie_local.vm_import.surroundings import Surroundings
from vmie_local.vm_import.task_desk import Claim, TaskDesk


@dataclass(frozen=True)
class ImportSnapshotService:
    """The operations, without HTTP: parameters and answers have botocore's member names."""

    surroundings: Surroundings
    desk: TaskDesk[ImportSnapshotTask]

    def import_snapshot(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Accept a task, or say why not: the request first, then the dry run, the token, the role, the quota.

        Raises:
            ApiError: As EC2 answers.
        """
        request = parse(parameters)
        if parameters.get("DryRun"):
            raise request_errors.would_have_succeeded()
        claim = Claim(request.token, request.fingerprint)
        task = self.desk.repeated(place, claim)
        if task is None:
            role_arn = source_checks.check(
                self.surroundings,
                place,
                role_name=request.role_name,
                objects=[(request.bucket, request.key)],
                key_id=parameters.get("KmsKeyId"),
                not_local=request_errors.bucket_not_local,
            )
            task = self.desk.admit(
                place,
                claim,
                request.tags,
                lambda fault: ImportSnapshotTask(place, request, role_arn, self.surroundings, fault),
            )
        with self.surroundings.engine.lock:
            shown = describe(task, self.surroundings.clock.now(), self.desk.tags(place, task))
        return {"Description": parameters.get("Description"), **shown}

    def describe_import_snapshot_tasks(self, place: Place, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Show tasks, oldest first.

        Raises:
            ApiError: As EC2 answers, for an unknown or expired id too.
        """
        return self.desk.describe(
            place, parameters, describe, asked="ImportTaskIds", answer="ImportSnapshotTasks"
        )
