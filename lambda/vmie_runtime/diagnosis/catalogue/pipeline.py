"""Failures that the pipeline itself raises, and what is left when nothing else is known."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

REFUSED = (
    Meaning(
        code="UnsupportedSuffix",
        category=Category.REQUEST,
        cause="The key's suffix is not one of a disk image.",
        found="It is {suffix}.",
        remedy="Upload disk images as `images/….ova`, `.vmdk`, `.vhd`, `.vhdx`, `.raw` or `.img`, disks "
        "without a guest to convert likewise under `snapshots/` (no OVA); unpack archives and convert other "
        "formats first (`qemu-img convert -O raw disk.qcow2 disk.raw`).",
        documentation=links.IMAGE_FORMATS,
    ),
    Meaning(
        code="EmptyObject",
        category=Category.STORAGE,
        cause="The object has no bytes.",
        remedy="Upload the image again; an interrupted or placeholder upload looks like this.",
    ),
    Meaning(
        code="ArchivedObject",
        category=Category.STORAGE,
        cause="The object is in an archive storage class, from which it cannot be read at once.",
        found="The storage class is {storage_class}.",
        remedy="Restore it (`aws s3api restore-object`), then copy it onto itself, which starts the "
        "import: `aws s3 cp s3://BUCKET/KEY s3://BUCKET/KEY --storage-class STANDARD "
        "--force-glacier-transfer`.",
        documentation=links.S3_RESTORE,
    ),
    Meaning(
        code="CustomerProvidedKey",
        category=Category.KEY,
        cause="The object is encrypted with a key of the uploader's (SSE-C), which VM Import/Export cannot "
        "present to S3.",
        remedy="Upload it without SSE-C: the bucket encrypts it with SSE-S3, or with a KMS key (SSE-KMS) "
        "that the service role may use.",
        documentation=links.S3_SSE_C,
    ),
    Meaning(
        code="RequestFileTooLarge",
        category=Category.REQUEST,
        cause="The request file is larger than one can be.",
        remedy="Split the fleet into several files; each may hold 10,000 requests.",
    ),
    Meaning(
        code="WrongWorkflow",
        category=Category.REQUEST,
        cause="The request is one for the other half of the pipeline: imports are asked for in the import "
        "bucket, exports in the export bucket.",
        found="The operation {operation} belongs to the {other} workflow.",
        remedy="Drop it under `requests/` in the other bucket, or start the other state machine with it.",
    ),
    Meaning(
        code="DeadlineTooLong",
        category=Category.REQUEST,
        cause="The request asks for more time than the stack's owner allows.",
        found="At most {seconds} seconds are allowed.",
        remedy="Ask for less, or leave `Vmie.Deadline` out; the owner's setting is `deadline`.",
    ),
    Meaning(
        code="RequestNotOpen",
        category=Category.STOPPED,
        cause="The request had ended already, or another execution carries it.",
        remedy="Nothing: its result says how it ended. Drop the image again to import it once more.",
    ),
)

SOURCES = (
    Meaning(
        code="SourceMissing",
        category=Category.STORAGE,
        cause="There is no object at the bucket and key that the request names.",
        remedy="`aws s3 ls` with the same names must list it; keys are case-sensitive. Upload the disk "
        "first, the request file after it. If it was there, look for a lifecycle rule on the bucket.",
    ),
    Meaning(
        code="SourceUnreadable",
        category=Category.STORAGE,
        cause="S3 did not let the pipeline read the object.",
        remedy="Grant the pipeline's functions `s3:GetObject` on it and `kms:Decrypt` on its KMS key (in "
        "the key's policy too), and see that no Deny statement of the bucket's policy applies to them.",
        documentation=links.S3_403,
    ),
    Meaning(
        code="SourceChanged",
        category=Category.STORAGE,
        cause="The object was overwritten while it was imported. EC2 reads the object as it is at the "
        "moment, not the version that the request was made for, so no result is kept.",
        found="The ETag was {expected} and became {actual}.",
        remedy="The newer upload is imported as a request of its own. Upload each image once, and under a "
        "key of its own.",
    ),
    Meaning(
        code="SourceDeleted",
        category=Category.STOPPED,
        cause="The object was deleted while its request was under way, which cancels it.",
        remedy="Upload the image again if it is to be imported. Where a lifecycle rule deleted it, give "
        "images under `images/` more time.",
    ),
)

ADOPTED = (
    Meaning(
        code="UnknownImportTask",
        category=Category.REQUEST,
        cause="EC2 does not know the task that the request wants to adopt: it belongs to another account or "
        "Region, is of another kind, or ended more than seven days ago.",
        remedy="`aws ec2 describe-import-image-tasks`, or `describe-import-snapshot-tasks`, in the stack's "
        "Region must list it.",
        documentation=links.TASK_STATUS,
    ),
    Meaning(
        code="ImportTaskEnded",
        category=Category.REQUEST,
        cause="The task that the request wants to adopt has ended: there is nothing left to look after, and "
        "what it made is removed where a request fails.",
        remedy="Use what it made as it is: `aws ec2 describe-import-image-tasks`, or "
        "`describe-import-snapshot-tasks`, names it.",
        documentation=links.TASK_STATUS,
    ),
    Meaning(
        code="TaskOfAnotherRequest",
        category=Category.REQUEST,
        cause="The task that the request wants to adopt was started by, or for, another request, which looks "
        "after it.",
        remedy="Nothing: the task's tag `vmie:request-id` names that request; its result is "
        "`results/by-id/<id>.json`.",
    ),
)

ENDED = (
    Meaning(
        code="RequestDeleted",
        category=Category.STOPPED,
        cause="The request file was deleted while the request was under way, which cancels it.",
        remedy="Drop the file again if it is to be done. Where a lifecycle rule deleted it, give files under "
        "`requests/` more time.",
    ),
    Meaning(
        code="DeadlineExceeded",
        category=Category.STOPPED,
        cause="The request did not end before its deadline, and its task was cancelled.",
        found="The deadline was {deadline}.",
        remedy="Drop it again; raise the deadline (the stack's `deadline`) if images of this size need "
        "longer. Imports take 20 to 30 minutes for a small disk, hours for a large one; exports grow with "
        "the volume, too.",
    ),
    Meaning(
        code="TaskStalled",
        category=Category.SERVICE,
        cause="The task reported the same phase and progress for so long that it was taken for dead and "
        "cancelled.",
        found="It stood at {phase} for {duration}.",
        remedy="At booting the guest does not come up on EC2 (see FirstBootFailure): mend it, because no "
        "further attempt is made by itself. At any other phase drop it again, and ask AWS Support with the "
        "task's id if it stops there again.",
        retryable=True,
    ),
    Meaning(
        code="ExecutionStopped",
        category=Category.STOPPED,
        cause="Somebody stopped the request's execution in Step Functions; its task was cancelled.",
        remedy="Drop the image or the request file again if it is to be done after all.",
    ),
    Meaning(
        code="StackDeleted",
        category=Category.STOPPED,
        cause="The pipeline's stack was deleted while the request was under way; its task was cancelled.",
        remedy="Deploy the stack again, and drop the image or the request file again.",
    ),
    Meaning(
        code="TaskLost",
        category=Category.SERVICE,
        cause="EC2 no longer knows the task that was started for the request, nor what it made.",
        remedy="Drop the image or the request file again. EC2 forgets tasks after seven days; one lost "
        "sooner is worth a case with AWS Support.",
        retryable=True,
    ),
    Meaning(
        code="InternalError",
        category=Category.SERVICE,
        cause="The pipeline itself failed in a way it does not know.",
        remedy="Look at the execution's history and the function's log for the request id, and report it "
        "with both. Dropping the image or the request file again is safe.",
        retryable=True,
    ),
)

MEANINGS = REFUSED + SOURCES + ADOPTED + ENDED

UNKNOWN_TASK_ERROR = Meaning(
    code="UnknownTaskError",
    category=Category.UNKNOWN,
    cause="EC2 gave this reason and this catalogue does not know it. Messages that begin with ClientError "
    "blame the image or the request.",
    remedy="Look the message up in the user guide's troubleshooting page. Check the guest against the "
    "requirements and limitations of imports, or of exports; ask AWS Support with the task's id. Report the "
    "message so that the catalogue learns it.",
    documentation=links.TROUBLESHOOTING,
)
UNKNOWN_CALL_ERROR = Meaning(
    code="UnknownCallError",
    category=Category.UNKNOWN,
    cause="EC2 refused the call with a code and a message that this catalogue does not know.",
    found="The call was {operation}, EC2's code is {code}.",
    remedy="Look the code up in EC2's list of error codes. Report it, with the message, so that the "
    "catalogue learns it.",
    documentation=links.EC2_ERRORS,
)
