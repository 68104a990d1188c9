"""Nothing is left running: a task whose request ends badly is cancelled and its leavings are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmie_runtime import import_tasks
from vmie_runtime.import_tasks import REQUEST_ID_TAG, WORKFLOW_TAG
from vmie_runtime.request import Request

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


def clean_up(ec2: EC2Client, request: Request, *, workflow: str, reason: str) -> bool:
    """Cancel the request's task and remove what it made.

    Args:
        ec2: The EC2 client.
        request: The request.
        workflow: The value of the tag `vmie:workflow`.
        reason: What the service keeps as the reason, at most 255 characters.

    Returns:
        Whether nothing is left; otherwise the task has not ended yet and the call must be repeated.
    """
    task = import_tasks.find(ec2, workflow, request)
    if task is None:
        return True
    if not task.ended:
        import_tasks.cancel(ec2, task, reason)
        task = import_tasks.describe(ec2, task.id)
        if task is None:
            return True
        if not task.ended:
            return False
    import_tasks.remove_artefacts(ec2, task, {REQUEST_ID_TAG: request.id, WORKFLOW_TAG: workflow})
    return True
