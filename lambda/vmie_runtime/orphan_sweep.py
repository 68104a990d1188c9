"""What nobody watches: tasks, and what they and other calls made, whose request goes on without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vmie_runtime import export_objects
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.observability import logger
from vmie_runtime.request import Request, Status
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.stages import artefacts, orphans
from vmie_runtime.stages.containers import given_snapshots
from vmie_runtime.stages.plan import active_tasks, ended_tasks, plan
from vmie_runtime.stages.stage import REQUEST_ID_TAG, WORKFLOW_TAG, Task, is_superfluous

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class OrphanSweep:
    """One look at everything in EC2 that is marked as ours.

    Attributes:
        table: The requests.
        ec2: The EC2 client.
        s3: The S3 client.
        workflow: The value of the tag `vmie:workflow`.
        kind: `import` or `export`.
        with_conversions: Whether requests may make instances and volumes; the role may not even look for them
            otherwise.
    """

    table: RequestsTable
    ec2: EC2Client
    s3: S3Client
    workflow: str
    kind: str
    with_conversions: bool

    def run(self) -> int:
        """Cancel tasks and remove what was made that no request goes on with; tell how much there was."""
        return self._cancel_tasks() + self._remove_made() + self._remove_unfinished()

    def _cancel_tasks(self) -> int:
        count = 0
        for stage, task in active_tasks(self.kind, self.ec2, with_conversions=self.with_conversions):
            if task.tags.get(WORKFLOW_TAG) != self.workflow:
                continue
            request = self._request_of(task)
            if request is None or request.open_state is None:
                reason = "The request of this task has ended."
            elif is_superfluous(request, task):
                reason = "The request of this task goes on with another one."
            else:
                continue
            logger.warning("Cancelling a task that nobody watches", extra={"task": task.id})
            stage.cancel(self.ec2, task, reason)
            count += 1
        return count

    def _remove_made(self) -> int:
        """Remove what tasks have made that ended when nobody followed them."""
        count = 0
        for task in ended_tasks(self.kind, self.ec2, with_conversions=self.with_conversions):
            request = self._request_of(task) if task.tags.get(WORKFLOW_TAG) == self.workflow else None
            if request is None or not (_ended_badly(request) or is_superfluous(request, task)):
                continue
            made = self._made_by(request, task)
            if _ended_badly(request) or made.without(request.made) == made:
                count += self._remove(request, made)
        return count

    def _remove_unfinished(self) -> int:
        if self.kind != "import":
            return 0
        count = 0
        found = orphans.unfinished(self.ec2, self.workflow, with_volumes=self.with_conversions)
        for request_id, made in found:
            request = self.table.find(request_id) if request_id else None
            if request is not None and _ended_badly(request):
                count += self._remove(request, made)
        return count

    def _remove(self, request: Request, made: Made) -> int:
        """Remove what nobody waits for; tell how much there was: 1 or 0."""
        tags = {REQUEST_ID_TAG: request.id, WORKFLOW_TAG: self.workflow}
        try:
            if not self._is_there(made):
                return 0
            logger.warning("Removing what nobody waits for", extra={"request_id": request.id})
            artefacts.remove(self.ec2, made, tags, keep=given_snapshots(request.parameters))
            export_objects.remove_exports(self.s3, made.exports)
        except ClientError:
            # A refusal for good is no reason to wait with the stack's deletion.
            logger.exception("What nobody waits for could not be removed")
            return 0
        except TransientServiceError:
            logger.info("What nobody waits for is removed by a later round")
        return 1

    def _is_there(self, made: Made) -> bool:
        exported = any(export_objects.is_there(self.s3, uri) for uri in made.exports)
        return bool(made.image_ids) or exported or orphans.is_there(self.ec2, made)

    def _made_by(self, request: Request, task: Task) -> Made:
        """What a task made; of an export only its own request knows the name of the file."""
        if self.kind != "export":
            return task.made
        described = (stage.describe(self.ec2, task.id) for stage in plan(request))
        return next((each.made for each in described if each is not None), Made())

    def _request_of(self, task: Task) -> Request | None:
        request_id = task.tags.get(REQUEST_ID_TAG)
        return self.table.find(request_id) if request_id else None


def _ended_badly(request: Request) -> bool:
    return request.open_state is None and request.status is not Status.SUCCEEDED
