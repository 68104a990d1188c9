"""ModifyImageAttribute: what moto accepts and then forgets."""

from __future__ import annotations

from typing import Any

from vmie_local.ec2_storage import errors
from vmie_local.front_door.api_call import PASS, ApiCall, Pass
from vmie_local.moto_seams import ec2
from vmie_local.vm_import import request_errors


def modify_image_attribute(call: ApiCall) -> dict[str, Any] | Pass:
    """Change an AMI's description or its support of IMDSv2; launch permissions are left to moto.

    Raises:
        ApiError: As EC2 answers.
    """
    given = call.parameters
    named = {str(given.get("Attribute")): given.get("Value")}
    description = given.get("Description", {}).get("Value", named.get("description"))
    imds_support = given.get("ImdsSupport", {}).get("Value", named.get("imdsSupport"))
    if description is None and imds_support is None:
        return PASS
    image_id = str(given.get("ImageId"))
    if ec2.images.find(call.account, call.region, image_id) is None:
        raise errors.image_missing(image_id)
    if imds_support not in (None, "v2.0"):
        raise request_errors.bad_value(f"Value ({imds_support}) for parameter imdsSupport is invalid.")
    if given.get("DryRun"):
        raise request_errors.would_have_succeeded()
    ec2.images.modify(call.account, call.region, image_id, description=description, imds_support=imds_support)
    return {}
