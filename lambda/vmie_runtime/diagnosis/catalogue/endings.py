"""Tasks that ended without the image being to blame."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

# Asked before every other row: whatever else such a text mentions, the service calls the fault its own.
SERVER_ERROR = (
    Meaning(
        code="ServerError",
        category=Category.SERVICE,
        texts=(
            "ServerError: <text>",
            "SERVER_ERROR : ServerError: <text>",
            "InternalError: <text>",
        ),
        pattern=r"^(?:SERVER_ERROR|INTERNAL_ERROR|(?:Internal)?ServerError|InternalError)\b",
        cause="VM Import/Export failed on its own side; the image is not to blame as far as it says.",
        remedy="Start it again; users report imports that succeeded unchanged on a later attempt. Where it "
        "repeats, look at the AWS Health Dashboard and ask AWS Support with the task's id.",
        documentation=links.AWS_HEALTH,
        retryable=True,
    ),
)

# Asked of tasks only, where no text of the catalogue matches.
TASK_ENDS = (
    Meaning(
        code="TaskCancelled",
        category=Category.STOPPED,
        texts=("User requested cancellation", "Task cancelled by user", "Import task canceled"),
        pattern=r"(?<!cannot be )\bcancel(?:l?ed|l?ation|l?ing)\b",
        cause="Somebody cancelled the task in EC2, in the console or by CancelImportTask or "
        "CancelExportTask.",
        remedy="Drop the source or the request again to start anew. CloudTrail's event of that name tells "
        "who it was.",
        documentation=links.CANCEL_IMPORT,
    ),
    Meaning(
        code="EndedWithoutReason",
        category=Category.UNKNOWN,
        texts=("", "pending", "validating", "converting", "preparing to boot", "deleted"),
        pattern=r"^\s*(?:pending|validat(?:ing|ed)|(?:downloading/)?convert(?:ing|ed)|updat(?:ing|ed)"
        r"|preparing (?:to boot|ami)|boot(?:ing|ed)|delet(?:ing|ed))?\s*$",
        cause="The task ended without what it was for, and EC2 gave no reason. A cancelled task may look "
        "like this.",
        remedy="CloudTrail's event CancelImportTask, or CancelExportTask, shows whether somebody cancelled "
        "it. If nobody did, start it again, and ask AWS Support with the task's id if it repeats.",
        documentation=links.TASK_STATUS,
    ),
)
