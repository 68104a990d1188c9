"""The import manifests by which conversion tasks read the disks of a request.

ImportInstance and ImportVolume know no bucket and key: they read a disk by presigned URLs in a manifest, and
the manifest by one more. It is written for each task anew, below a prefix of its own, and removed at the end
of the request. Its URLs go to EC2 and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmie_runtime import import_manifest
from vmie_runtime.aws import client, transient_errors_named
from vmie_runtime.deadlines import require_time_left
from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.import_manifest import DiskObject, ImportManifest, Scratch
from vmie_runtime.moments import parse, text
from vmie_runtime.presigned_urls import SESSION, SHORTEST_VALIDITY, signing_client
from vmie_runtime.stages.containers import ObjectAddress, containers_of, object_of, of_disk_image

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from vmie_runtime.request import Request
    from vmie_runtime.stages.stage import Work

SCRATCH = "scratch/"
"""What the keys of all manifests begin with."""


def require_disk_objects(request: Request, disks: list[dict[str, Any]], own_bucket: str) -> None:
    """Refuse disks that no manifest can be made of.

    Args:
        request: The request.
        disks: Its disks, as they lie in S3.
        own_bucket: Where manifests are written.

    Raises:
        RequestRejected: `DiskSizeMismatch` or `SourceInScratch`.
    """
    containers = containers_of(request.operation, request.parameters)
    for container, disk in zip(containers, disks, strict=True):
        asked = container.get("Bytes", disk["Size"])
        if asked != disk["Size"]:
            raise RequestRejected(
                "DiskSizeMismatch",
                f"Image.Bytes is {asked:,}, and {disk['Key']!r} has {disk['Size']:,} bytes.",
                size=disk["Size"],
            )
        if disk["Bucket"] == own_bucket and disk["Key"].startswith(SCRATCH):
            raise RequestRejected("SourceInScratch", f"{disk['Key']!r} lies below {SCRATCH}.")


def image_parameters(work: Work, image: dict[str, Any], *, volume_gib: int) -> Any:
    """Write the manifest of a disk; give the `Image` that EC2 is called with.

    Args:
        work: The request, at the stage that imports the disk.
        image: The `Image` as the request has it.
        volume_gib: The size of the volume in GiB.

    Raises:
        RequestFailure: If the URLs cannot last until the request's deadline, or it is upon us.
    """
    request, now = work.request, parse(work.now)
    require_time_left(request, text(now + SHORTEST_VALIDITY))
    disk = _disk_of(request, image, work.settings.bucket)
    deadline = parse(request.deadline_at or work.now)
    if now + SESSION < deadline:
        raise RequestFailure(
            "UrlsEndBeforeDeadline",
            f"URLs signed now last until {text(now + SESSION)}, and the request until {request.deadline_at}.",
        )
    with transient_errors_named():
        signing = signing_client(client("sts"), work.settings.url_signing_role, f"vmie-{request.id}")
    manifest = ImportManifest.for_object(
        signing,
        DiskObject(disk["Bucket"], disk["Key"], disk["Size"], image["Format"]),
        volume_gib=volume_gib,
        scratch=scratch_of(request, request.stage, work.settings.bucket),
        now=now,
        valid_until=deadline,
    )
    with transient_errors_named():
        url = manifest.write(work.s3, signing, now=now)
    return {"Format": image["Format"], "Bytes": disk["Size"], "ImportManifestUrl": url}


def scratch_of(request: Request, stage: int, bucket: str) -> Scratch:
    """Where the manifest of a stage of the request's present attempt lies."""
    return Scratch(bucket, f"{SCRATCH}{request.id}/{request.attempt}/{stage}/")


def remove(s3: S3Client, request: Request, stage: int, bucket: str) -> None:
    """Remove the manifest of a stage, whether it is there or not."""
    with transient_errors_named():
        import_manifest.remove(s3, scratch_of(request, stage, bucket))


def _disk_of(request: Request, image: dict[str, Any], own_bucket: str) -> dict[str, Any]:
    """What validation wrote down of the object that an `Image` names."""
    address = object_of(of_disk_image(image), own_bucket)
    return next(
        disk for disk in request.disks if ObjectAddress(bucket=disk["Bucket"], key=disk["Key"]) == address
    )
