"""The names of AMIs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vmie_local.ec2_storage import errors
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import import request_errors

_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
"""EC2 API reference, RegisterImage: 3-128 of these characters."""


def given(parameters: Mapping[str, Any]) -> str:
    """The name that a request gives.

    Raises:
        ApiError: If there is none or it cannot be one.
    """
    name = parameters.get("Name")
    if not name:
        raise request_errors.missing("name")
    if not _NAME.fullmatch(name):
        raise errors.image_name_malformed()
    return str(name)


def require_free(place: Place, name: str) -> None:
    """Refuse a name that an AMI of the account has in this Region.

    Raises:
        ApiError: `InvalidAMIName.Duplicate`.
    """
    owner = ec2.images.named(place.account, place.region, name)
    if owner:
        raise errors.image_name_taken(name, owner)
