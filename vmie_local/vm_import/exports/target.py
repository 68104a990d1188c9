"""The bucket that an export writes to."""

from __future__ import annotations

from vmie_local.place import Place
from vmie_local.vm_import import request_errors
from vmie_local.vm_import.exports import errors
from vmie_local.vm_import.exports.ports import BucketControls, Buckets


def require_local(place: Place, bucket: str, buckets: Buckets) -> BucketControls:
    """The bucket's controls, if it is of this account and Region.

    Raises:
        ApiError: `InvalidParameter`, if it is not.
    """
    controls = buckets.controls(bucket)
    if controls is None or controls.account != place.account:
        raise errors.bucket_unknown(bucket)
    if controls.region != place.region:
        raise request_errors.object_not_local()
    return controls
