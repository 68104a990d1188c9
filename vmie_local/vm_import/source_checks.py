"""Whether the role, the buckets and the key of an import can be used, decided before a task is accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vmie_local.front_door.api_call import ApiError
from vmie_local.place import Place
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.surroundings import Surroundings


def check(
    around: Surroundings,
    place: Place,
    *,
    role_name: str,
    objects: Sequence[tuple[str, str]],
    key_id: str | None,
    not_local: Callable[[str], ApiError],
) -> str:
    """Check role, buckets and key, in this order.

    Args:
        around: The rest of the cloud.
        place: Where the task is to run.
        role_name: The service role.
        objects: Bucket and key of every disk that comes from S3.
        key_id: The KMS key of the snapshots, if one is named.
        not_local: What the operation answers about a bucket of another Region.

    Returns:
        The role's ARN.

    Raises:
        ApiError: As EC2 answers.
    """
    role = around.roles.check(place, role_name, objects, around.clock.now())
    for bucket in dict.fromkeys(bucket for bucket, _ in objects):
        region = around.objects.bucket_region(role.arn, bucket)
        if region is None:
            raise request_errors.bad_source()
        if region != place.region:
            raise not_local(bucket)
    if key_id and not around.keys.usable(place, key_id):
        raise request_errors.key_inaccessible()
    return role.arn
