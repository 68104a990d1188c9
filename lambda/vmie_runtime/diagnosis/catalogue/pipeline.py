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
        remedy="Upload disk images as `images/….ova`, `.vmdk`, `.vhd`, `.vhdx`, `.raw` or `.img`; unpack "
        "archives and convert other formats first (`qemu-img convert -O raw disk.qcow2 disk.raw`).",
        documentation=links.IMAGE_FORMATS,
    ),
    Meaning(
        code="EmptyObject",
        category=Category.STORAGE,
        cause="The object has no bytes.",
        remedy="Upload the image again; an interrupted or placeholder upload looks like this.",
    ),
    Meaning(
        code="KeyTooLong",
        category=Category.REQUEST,
        cause="The key is so long that S3 takes no longer one derived from it (1,024 bytes of UTF-8).",
        remedy="Upload the image under a shorter key.",
        documentation=links.S3_KEYS,
    ),
    Meaning(
        code="SnapshotImportUnavailable",
        category=Category.REQUEST,
        cause="This version of the pipeline does not import what is dropped under `snapshots/`.",
        remedy="Drop boot disks under `images/` to get an AMI. For a data disk use `aws ec2 "
        "import-snapshot` with the stack's service role (`--role-name`).",
        documentation=links.SNAPSHOT_IMPORT,
    ),
    Meaning(
        code="RequestFilesUnavailable",
        category=Category.REQUEST,
        cause="This version of the pipeline does not read request files under `requests/`.",
        remedy="Drop the disk image itself under `images/`; the stack's settings give the defaults of its "
        "import.",
    ),
    Meaning(
        code="DirectStartUnavailable",
        category=Category.REQUEST,
        cause="The state machine was started by hand, without a request that the pipeline admitted.",
        remedy="Drop the disk image under `images/` in the import bucket; the pipeline starts the "
        "execution itself. To run a failed one again, drop the image again.",
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
        code="RequestNotOpen",
        category=Category.STOPPED,
        cause="The request had ended already, or another execution carries it.",
        remedy="Nothing: its result says how it ended. Drop the image again to import it once more.",
    ),
)

SOURCES = (
    Meaning(
        code="SourceNotFound",
        category=Category.STORAGE,
        cause="The object was not there when the pipeline came to read it.",
        remedy="Upload it again. If nobody deleted it, look for a lifecycle rule on the bucket.",
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

INSPECTED = (
    Meaning(
        code="NotAnImage",
        category=Category.IMAGE,
        cause="The file is not a disk image: none of the formats' signatures and no partition table is in "
        "it.",
        remedy="Look at it with `file` and `qemu-img info`. Unpack archives (zip, gzip, 7z, xz); an ISO is "
        "an installer, not an installed system.",
        documentation=links.IMAGE_FORMATS,
    ),
    Meaning(
        code="TruncatedImage",
        category=Category.IMAGE,
        cause="The image ends before its own headers say it does: the upload, or the export before it, is "
        "incomplete.",
        remedy="Compare the object's size with the original's, and upload it again.",
    ),
    Meaning(
        code="CorruptImage",
        category=Category.IMAGE,
        cause="The image contradicts its own format.",
        remedy="Check it with `qemu-img check`, compare its checksum with the original's, and export and "
        "upload it again.",
    ),
    Meaning(
        code="UnsupportedImage",
        category=Category.IMAGE,
        cause="The image was read, and VM Import/Export is known to reject it.",
        remedy="The result's `Inspection` lists what was found, each finding with its remedy; mend those "
        "of severity `error`.",
        documentation=links.LIMITATIONS,
    ),
)

ENDED = (
    Meaning(
        code="DeadlineExceeded",
        category=Category.STOPPED,
        cause="The import did not end before its deadline and was cancelled.",
        found="The deadline was {deadline}.",
        remedy="Drop it again; raise the deadline (the stack's `deadline`) if images of this size need "
        "longer. Imports take 20 to 30 minutes for a small disk, hours for a large one.",
    ),
    Meaning(
        code="TaskStalled",
        category=Category.SERVICE,
        cause="The task reported the same phase and progress for so long that it was taken for dead and "
        "cancelled.",
        found="It stood at {phase} for {duration}.",
        remedy="Drop it again. If it stops at the same phase again: at booting, the guest does not come up "
        "on EC2 (see FirstBootFailure); at any other, ask AWS Support with the import task id.",
        retryable=True,
    ),
    Meaning(
        code="ExecutionStopped",
        category=Category.STOPPED,
        cause="Somebody stopped the request's execution in Step Functions; its task was cancelled.",
        remedy="Drop the image again if it is to be imported.",
    ),
    Meaning(
        code="StackDeleted",
        category=Category.STOPPED,
        cause="The pipeline's stack was deleted while the request was under way; its task was cancelled.",
        remedy="Deploy the stack again and drop the image again.",
    ),
    Meaning(
        code="TaskLost",
        category=Category.SERVICE,
        cause="EC2 no longer knows the task that was started for the request, nor an image made by it.",
        remedy="Drop the image again. EC2 forgets import tasks after seven days; a task lost sooner is "
        "worth a case with AWS Support.",
        retryable=True,
    ),
    Meaning(
        code="InternalError",
        category=Category.SERVICE,
        cause="The pipeline itself failed in a way it does not know.",
        remedy="Look at the execution's history and the function's log for the request id, and report it "
        "with both. Dropping the image again is safe.",
        retryable=True,
    ),
)

MEANINGS = REFUSED + SOURCES + INSPECTED + ENDED

UNKNOWN_TASK_ERROR = Meaning(
    code="UnknownTaskError",
    category=Category.UNKNOWN,
    cause="EC2 gave this reason and this catalogue does not know it. Messages that begin with ClientError "
    "blame the image or the request.",
    remedy="Look the message up in the user guide's troubleshooting page. Check the guest against the "
    "requirements and limitations of imports; ask AWS Support with the import task id. Report the message "
    "so that the catalogue learns it.",
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
