"""An ExportImage request, checked before anything but itself is looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmie_local.disk_images.encoding import EXTENSIONS
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import import request_errors, tag_specifications
from vmie_local.vm_import.service_role import DEFAULT_ROLE

_IMAGE_ID = re.compile(r"ami-[0-9a-z]+")


@dataclass(frozen=True)
class ExportImageRequest:
    """A request that is well-formed.

    Attributes:
        image_id: The AMI.
        format: `VMDK`, `VHD` or `RAW`.
        bucket: Where the file goes.
        prefix: What its key begins with.
        role_name: The service role.
        token: The client token.
        tags: For the task.
        given: The parameters as they came.
    """

    image_id: str
    format: str
    bucket: str
    prefix: str
    role_name: str
    token: str | None
    tags: Mapping[str, str]
    given: Mapping[str, Any] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Equal for requests that differ in nothing but client token and dry run."""
        kept = {name: value for name, value in self.given.items() if name not in ("ClientToken", "DryRun")}
        return json.dumps(kept, sort_keys=True, default=str)

    def key(self, task_id: str) -> str:
        """The key of the file that a task writes."""
        return f"{self.prefix}{task_id}.{EXTENSIONS[self.format]}"


def parse(parameters: Mapping[str, Any]) -> ExportImageRequest:
    """Check a request.

    Args:
        parameters: Botocore's input members of ExportImage.

    Raises:
        ApiError: As EC2 answers.
    """
    image_id, disk_format = parameters.get("ImageId"), parameters.get("DiskImageFormat")
    location = parameters.get("S3ExportLocation") or {}
    for name, value in (
        ("imageId", image_id),
        ("diskImageFormat", disk_format),
        ("s3ExportLocation.s3Bucket", location.get("S3Bucket")),
    ):
        if not value:
            raise request_errors.missing(name)
    if not _IMAGE_ID.fullmatch(str(image_id)):
        raise ApiError("InvalidAMIID.Malformed", f'Invalid id: "{image_id}" (expecting "ami-...")')
    if str(disk_format).upper() not in EXTENSIONS:
        raise request_errors.invalid_format("disk-image-format", disk_format)
    return ExportImageRequest(
        image_id=str(image_id),
        format=str(disk_format).upper(),
        bucket=location["S3Bucket"],
        prefix=location.get("S3Prefix") or "",
        role_name=parameters.get("RoleName") or DEFAULT_ROLE,
        token=parameters.get("ClientToken") or None,
        tags=tag_specifications.tags_for("export-image-task", parameters),
        given=parameters,
    )
