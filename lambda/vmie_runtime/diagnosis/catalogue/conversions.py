"""What the pipeline itself refuses of imports of instances and volumes."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

_NEWER = "ImportImage (`DiskContainers`) and ImportSnapshot (`DiskContainer`)"

MEANINGS = (
    Meaning(
        code="DeadlineBeyondUrls",
        category=Category.REQUEST,
        cause="ImportInstance and ImportVolume read a disk by presigned URLs. These end with the session "
        "that signs them, which lasts an hour at most, and a task must end before its URLs do.",
        found="They last {seconds} seconds.",
        remedy=f"Ask for less, or leave `Vmie.Deadline` out. For what takes longer use {_NEWER}, which read "
        "the bucket by the service role and have no such limit.",
        documentation=links.INSTANCE_IMPORT,
    ),
    Meaning(
        code="UrlsEndBeforeDeadline",
        category=Category.REQUEST,
        cause="The session that signs the URLs of a disk ends before the request's deadline.",
        remedy=f"Drop the request again with a shorter `Vmie.Deadline`, or use {_NEWER}, which need no URLs.",
        documentation=links.INSTANCE_IMPORT,
    ),
    Meaning(
        code="VolumeTooSmall",
        category=Category.REQUEST,
        cause="The disk, as the guest sees it, is larger than the volume that it is to be written to.",
        found="It needs {needed} GiB.",
        remedy="Ask for that many GiB or more: in `Volume.Size`, or for a volume of an imported snapshot in "
        "`Vmie.CreateVolume.Size`, which may be left out.",
        documentation=links.INSTANCE_IMPORT,
    ),
    Meaning(
        code="GptBootDisk",
        category=Category.IMAGE,
        cause="ImportInstance imports boot disks with a master boot record (MBR) only.",
        remedy="Use ImportImage (`DiskContainers`), which takes GPT too, and launch the AMI; or convert the "
        "disk's partition table to MBR.",
        documentation=links.INSTANCE_IMPORT,
    ),
    Meaning(
        code="DiskSizeMismatch",
        category=Category.REQUEST,
        cause="`Image.Bytes` is the size of the disk image as it is stored, and the object has another.",
        found="The object has {size} bytes.",
        remedy="Leave `Bytes` out: it is taken from the object. If it is right, the upload is not complete.",
        documentation=links.INSTANCE_IMPORT,
    ),
    Meaning(
        code="SourceInScratch",
        category=Category.REQUEST,
        cause="What lies below `scratch/` is the pipeline's own and removed when a request ends.",
        remedy="Upload the disk image somewhere else, such as below `disks/`.",
    ),
)
