"""Snapshots and AMIs that something is made of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3

from vmie_local.blocks.ports import Snapshot
from vmie_local.ec2_storage import errors
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import import request_errors


def snapshot(place: Place, snapshot_id: str) -> Snapshot:
    """A completed snapshot.

    Raises:
        ApiError: If there is none, or it is not completed.
    """
    found = ec2.snapshots.find(place.account, place.region, snapshot_id)
    if found is None:
        raise request_errors.snapshot_missing(snapshot_id)
    if found["status"] != "completed":
        raise request_errors.snapshot_not_ready(found["status"])
    return Snapshot(**found)


def image(place: Place, image_id: str) -> ec2.images.Image:
    """An available AMI.

    Raises:
        ApiError: If there is none, or it is not available.
    """
    found = ec2.images.find(place.account, place.region, image_id)
    if found is None:
        raise errors.image_missing(image_id)
    if found.state != "available":
        raise errors.image_unavailable(image_id, found.state)
    return found


def source_place(place: Place, parameters: Mapping[str, Any]) -> Place:
    """Where a copy comes from.

    Raises:
        ApiError: If the request does not say, or names no Region.
    """
    region = parameters.get("SourceRegion")
    if not region:
        raise request_errors.missing("sourceRegion")
    if region not in _regions():
        raise errors.region_unknown(region)
    return Place(place.account, region)


def encryption(place: Place, parameters: Mapping[str, Any], *, inherited: bool) -> tuple[bool, str | None]:
    """Whether a new snapshot or volume is encrypted, and the key that the request names.

    What is made of something encrypted always is; otherwise the request or the account's default decides.

    Raises:
        ApiError: If a key is named without encryption, or cannot be used.
    """
    key = parameters.get("KmsKeyId")
    if key and not parameters.get("Encrypted"):
        raise errors.dependency("KmsKeyId", "Encrypted")
    if key and not ec2.keys.is_enabled(place.account, place.region, key):
        raise request_errors.key_inaccessible()
    by_default = ec2.snapshots.encrypted_by_default(place.account, place.region)
    return inherited or bool(parameters.get("Encrypted")) or by_default, key


@cache
def _regions() -> frozenset[str]:
    session = boto3.Session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition_name=partition)
    )
