"""Is an AMI only on its way: made by an import that puts a copy with a name in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, transient_errors_named
from vmie_runtime.errors import RequestRejected
from vmie_runtime.stages.images import CopyImage
from vmie_runtime.stages.import_tasks import UNKNOWN_TASK
from vmie_runtime.stages.plan import plan
from vmie_runtime.stages.stage import REQUEST_ID_TAG, plain_tags

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

    from vmie_runtime.request import Request

# ImportImage names its AMI after its task.
_TASK = "import-ami-"


class Requests(Protocol):
    """The requests that the pipeline remembers."""

    def find(self, request_id: str) -> Request | None:
        """A request, or None where there is none of this id."""


def require_lasting_image(ec2: EC2Client, image: Mapping[str, Any], requests: Requests) -> None:
    """Refuse an AMI that goes as soon as its copy is there.

    The AMI itself carries no tags when EC2 tells that it is available; the task that it is named after does.
    Needs `ec2:DescribeImportImageTasks`. An import whose request is in another table is not known: its AMI
    passes.

    Args:
        ec2: The EC2 client.
        image: The AMI, as EC2 describes it.
        requests: The requests of this pipeline.

    Raises:
        RequestRejected: `InterimImage`.
    """
    task_id = str(image.get("Name", ""))
    if not task_id.startswith(_TASK):
        return
    task = _task(ec2, task_id)
    if task is None or task.get("ImageId", image["ImageId"]) != image["ImageId"]:
        return
    request_id = plain_tags(task.get("Tags", [])).get(REQUEST_ID_TAG)
    request = requests.find(request_id) if request_id else None
    if request is None or request.open_state is None:
        return
    if not any(isinstance(stage, CopyImage) for stage in plan(request)):
        return
    raise RequestRejected(
        "InterimImage",
        f"The AMI {image['ImageId']} is what {task_id} has made, and goes once its copy named "
        f"{request.options['Name']!r} is there.",
        name=request.options["Name"],
        request=request.id,
    )


def _task(ec2: EC2Client, task_id: str) -> Mapping[str, Any] | None:
    try:
        with transient_errors_named():
            found = ec2.describe_import_image_tasks(ImportTaskIds=[task_id])["ImportImageTasks"]
    except ClientError as error:
        if error_code(error) not in UNKNOWN_TASK:
            raise
        return None
    return found[0] if found else None
