"""What the CDK itself adds to stacks."""

from __future__ import annotations

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType, nothing

_AUTO_DELETE_TAG = "aws-cdk:auto-delete-objects"


def _metadata(request: Request) -> Created:
    return Created(request.physical_id or request.generated_name(64))


def _watch_bucket(request: Request) -> Created:
    if request.physical_id and request.changed("BucketName"):
        _empty(request, request.old_properties["BucketName"])
    return Created(request.physical_id or request.generated_name(64))


def _empty_bucket(request: Request) -> None:
    _empty(request, request.properties["BucketName"])


def _empty(request: Request, bucket: str) -> None:
    """Delete every version, if the bucket still carries the tag that allows it."""
    tagging = request.tolerant(("NoSuchBucket", "NoSuchTagSet"), "s3", "GetBucketTagging", Bucket=bucket)
    if tagging is None or {"Key": _AUTO_DELETE_TAG, "Value": "true"} not in tagging["TagSet"]:
        return
    while True:
        page = request.api("s3", "ListObjectVersions", Bucket=bucket)
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not found:
            return
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        request.api("s3", "DeleteObjects", Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


TYPES = (
    # Usage analytics: it has no operation on AWS either.
    ResourceType(
        name="AWS::CDK::Metadata",
        honours=frozenset(),
        inert=frozenset({"Analytics"}),
        create=_metadata,
        update=_metadata,
        delete=nothing,
    ),
    # `auto_delete_objects`: on AWS a function in Node.js does this, which the local AWS does not run.
    ResourceType(
        name="Custom::S3AutoDeleteObjects",
        honours=frozenset({"BucketName"}),
        inert=frozenset({"ServiceToken"}),
        create=_watch_bucket,
        update=_watch_bucket,
        delete=_empty_bucket,
    ),
)
