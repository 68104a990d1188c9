"""Disk containers: where each disk of a request lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vmie_runtime.source_urls import read_source_url


@dataclass(frozen=True, kw_only=True)
class ObjectAddress:
    """Where in S3 a disk lies."""

    bucket: str
    key: str


def containers_of(operation: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The disk containers of an import, whichever operation it asks for."""
    if operation == "ImportImage":
        return list(parameters.get("DiskContainers", []))
    if operation == "ImportSnapshot":
        return [parameters["DiskContainer"]] if "DiskContainer" in parameters else []
    if operation == "ImportInstance":
        return [of_disk_image(disk["Image"]) for disk in parameters["DiskImages"]]
    if operation == "ImportVolume":
        return [of_disk_image(parameters["Image"])]
    return []


def of_disk_image(image: dict[str, Any]) -> dict[str, Any]:
    """The `Image` of an ImportInstance or ImportVolume request, whose URL names the disk itself."""
    location = read_source_url(image["ImportManifestUrl"])
    if location.bucket is None:
        return {**image, "UserBucket": {"S3Key": location.key}}
    return {**image, "Url": image["ImportManifestUrl"]}


def object_of(container: dict[str, Any], own_bucket: str) -> ObjectAddress | None:
    """The S3 object that a container names, or None where it names a snapshot.

    Args:
        container: A disk container.
        own_bucket: The bucket that is meant where the container names none.
    """
    if "UserBucket" in container:
        bucket = container["UserBucket"]
        return ObjectAddress(bucket=bucket.get("S3Bucket") or own_bucket, key=bucket["S3Key"])
    if "Url" not in container:
        return None
    location = read_source_url(container["Url"])
    return ObjectAddress(bucket=location.bucket or own_bucket, key=location.key)


def with_buckets(containers: list[dict[str, Any]], own_bucket: str) -> list[Any]:
    """Containers as EC2 takes them: each `UserBucket` names its bucket and stands for its `Url`."""
    return [
        {
            **{name: value for name, value in container.items() if name != "Url"},
            "UserBucket": {"S3Bucket": own_bucket, **container["UserBucket"]},
        }
        if "UserBucket" in container
        else container
        for container in containers
    ]


def given_snapshots(parameters: dict[str, Any]) -> set[str]:
    """The snapshots that a request names as its disks: they are its owner's, and never removed."""
    return {
        container["SnapshotId"]
        for container in parameters.get("DiskContainers", [])
        if container.get("SnapshotId")
    }
