"""ImportSnapshot: the service decodes one disk into an EBS snapshot and leaves the guest as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime.aws import transient_errors_named
from vmie_runtime.made import Made
from vmie_runtime.stages.containers import containers_of, with_buckets
from vmie_runtime.stages.import_tasks import ImportTaskStage
from vmie_runtime.stages.stage import Task, Work, ec2_tags, merged_tags, plain_tags

if TYPE_CHECKING:
    pass

_TYPE = "import-snapshot-task"
# What ImportSnapshot takes of a container (EC2 API reference, SnapshotDiskContainer).
_OF_CONTAINER = ("Description", "Format", "Url", "UserBucket")


class ImportSnapshot(ImportTaskStage):
    """An import task that ends in a snapshot of one of the request's disks."""

    operation = "ImportSnapshot"
    described_by = "describe_import_snapshot_tasks"
    described_as = "ImportSnapshotTasks"

    def __init__(self, disk: int = 0) -> None:
        """Import a disk.

        Args:
            disk: Its number among the request's containers, from 0.
        """
        self._disk = disk

    def start(self, work: Work) -> str:
        """Call ImportSnapshot for the disk."""
        request, settings = work.request, work.settings
        container = containers_of(request.operation, request.parameters)[self._disk]
        wanted: Any = {name: container[name] for name in _OF_CONTAINER if name in container}
        encryption = {**settings.import_defaults, **request.parameters}
        arguments: Any = {name: encryption[name] for name in ("Encrypted", "KmsKeyId") if name in encryption}
        tags: Any = {"ResourceType": _TYPE, "Tags": ec2_tags(merged_tags(work, _TYPE))}
        description = request.parameters.get("Description") or container.get("Description")
        with transient_errors_named():
            answer = work.ec2.import_snapshot(
                **arguments,
                Description=description or f"Imported by {request.label}"[:255],
                DiskContainer=with_buckets([wanted], settings.bucket)[0],
                RoleName=request.role_name or settings.service_role_name,
                ClientToken=request.token,
                TagSpecifications=[tags],
            )
        return answer["ImportTaskId"]

    def _task(self, described: Any) -> Task:
        detail = described.get("SnapshotTaskDetail", {})
        snapshot_id = detail.get("SnapshotId")
        return Task(
            id=described["ImportTaskId"],
            status=detail.get("Status", "active"),
            phase=detail.get("StatusMessage") or None,
            progress=detail.get("Progress") or None,
            made=Made(snapshot_ids=(snapshot_id,) if snapshot_id else ()),
            tags=plain_tags(described.get("Tags", [])),
        )
