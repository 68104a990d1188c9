"""What nobody watches: tasks, images and volumes whose request has ended without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vmie_runtime.errors import TransientServiceError
from vmie_runtime.observability import logger
from vmie_runtime.request import Status
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.stages import artefacts, orphans
from vmie_runtime.stages.containers import given_snapshots
from vmie_runtime.stages.plan import active_tasks
from vmie_runtime.stages.stage import REQUEST_ID_TAG, WORKFLOW_TAG

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


@dataclass(frozen=True, kw_only=True)
class OrphanSweep:
    """One look at everything in EC2 that is marked as ours.

    Attributes:
        table: The requests.
        ec2: The EC2 client.
        workflow: The value of the tag `vmie:workflow`.
        kind: `import` or `export`.
        with_conversions: Whether requests may make instances and volumes; the role may not even look for them
            otherwise.
    """

    table: RequestsTable
    ec2: EC2Client
    workflow: str
    kind: str
    with_conversions: bool

    def run(self) -> int:
        """Cancel tasks and remove what was made, where the request has ended; tell how much there was."""
        return self._cancel_tasks() + self._remove_unfinished()

    def _cancel_tasks(self) -> int:
        count = 0
        for stage, task in active_tasks(self.kind, self.ec2, with_conversions=self.with_conversions):
            if task.tags.get(WORKFLOW_TAG) != self.workflow:
                continue
            request_id = task.tags.get(REQUEST_ID_TAG)
            request = self.table.find(request_id) if request_id else None
            if request is None or request.open_state is None:
                logger.warning("Cancelling a task that nobody watches", extra={"task": task.id})
                stage.cancel(self.ec2, task, "The request of this task has ended.")
                count += 1
        return count

    def _remove_unfinished(self) -> int:
        if self.kind != "import":
            return 0
        count = 0
        found = orphans.unfinished(self.ec2, self.workflow, with_volumes=self.with_conversions)
        for request_id, made in found:
            request = self.table.find(request_id) if request_id else None
            if request is None or request.open_state is not None or request.status is Status.SUCCEEDED:
                continue
            logger.warning("Removing what nobody waits for", extra={"request_id": request_id})
            tags = {REQUEST_ID_TAG: request_id, WORKFLOW_TAG: self.workflow}
            keep = given_snapshots(request.parameters)
            try:
                artefacts.remove(self.ec2, made, tags, keep=keep)
            except ClientError:
                # A refusal for good is no reason to wait with the stack's deletion.
                logger.exception("What nobody waits for could not be removed")
                continue
            except TransientServiceError:
                logger.info("What nobody waits for is removed by a later round")
            count += 1
        return count
