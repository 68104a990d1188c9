"""ImportImage: the service converts the disks, makes the guest fit for EC2 and registers an AMI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime.aws import transient_errors_named
from vmie_runtime.made import Made
from vmie_runtime.request_entries import merged_document
from vmie_runtime.stages.containers import with_buckets
from vmie_runtime.stages.import_tasks import ImportTaskStage
from vmie_runtime.stages.stage import Task, Work, ec2_tags, merged_tags, plain_tags

if TYPE_CHECKING:
    pass

_TYPE = "import-image-task"


class ImportImage(ImportTaskStage):
    """An import task that ends in an AMI."""

    operation = "ImportImage"
    described_by = "describe_import_image_tasks"
    described_as = "ImportImageTasks"

    def start(self, work: Work) -> str:
        """Call ImportImage with the request's parameters over the stack's defaults."""
        with transient_errors_named():
            return work.ec2.import_image(**import_image_parameters(work))["ImportTaskId"]

    def _task(self, described: Any) -> Task:
        details = described.get("SnapshotDetails", [])
        image_id = described.get("ImageId") or None
        return Task(
            id=described["ImportTaskId"],
            status=described.get("Status", "active"),
            phase=described.get("StatusMessage") or None,
            progress=described.get("Progress") or None,
            made=Made(
                image_ids=(image_id,) if image_id else (),
                snapshot_ids=tuple(detail["SnapshotId"] for detail in details if detail.get("SnapshotId")),
            ),
            tags=plain_tags(described.get("Tags", [])),
        )


def import_image_parameters(work: Work) -> Any:
    """What ImportImage is called with."""
    request, settings = work.request, work.settings
    return {
        "Description": _description(work),
        **merged_document(request, settings.import_defaults).parameters,
        "DiskContainers": with_buckets(request.parameters["DiskContainers"], settings.bucket),
        "RoleName": request.role_name or settings.service_role_name,
        "ClientToken": request.token,
        "TagSpecifications": [{"ResourceType": _TYPE, "Tags": ec2_tags(merged_tags(work, _TYPE))}],
    }


def _description(work: Work) -> str:
    source = work.request.source
    return (
        f"Imported from s3://{source.address}"[:255] if source else f"Imported by {work.request.label}"[:255]
    )
