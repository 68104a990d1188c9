"""A CreateInstanceExportTask request, checked before anything but itself is looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmie_local.disk_images.encoding import EXTENSIONS
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import import request_errors, tag_specifications
from vmie_local.vm_import.exports import errors

_INSTANCE_ID = re.compile(r"i-[0-9a-f]+")
FORMATS = {"vmware": "VMDK", "citrix": "VHD", "microsoft": "VHD"}
"""Target environments and the one format that each takes: all refuse the RAW of the API's enumeration."""


@dataclass(frozen=True)
class ExportInstanceRequest:
    """A request that is well-formed.

    Attributes:
        instance_id: The instance.
        environment: `vmware`, `citrix` or `microsoft`.
        format: `VMDK` or `VHD`.
        container: `ova`, or None where the disk alone is exported.
        bucket: Where the file goes.
        prefix: What its key begins with.
        tags: For the task.
        given: The parameters as they came.
    """

    instance_id: str
    environment: str
    format: str
    container: str | None
    bucket: str
    prefix: str
    tags: Mapping[str, str]
    given: Mapping[str, Any] = field(repr=False)

    def key(self, task_id: str) -> str:
        """The key of the file that a task writes."""
        return f"{self.prefix}{task_id}.{self.container or EXTENSIONS[self.format]}"


def parse(parameters: Mapping[str, Any]) -> ExportInstanceRequest:
    """Check a request.

    Args:
        parameters: Botocore's input members of CreateInstanceExportTask.

    Raises:
        ApiError: As EC2 answers.
    """
    instance_id, environment = parameters.get("InstanceId"), parameters.get("TargetEnvironment")
    target = parameters.get("ExportToS3Task") or {}
    for name, value in (
        ("instanceId", instance_id),
        ("targetEnvironment", environment),
        ("exportToS3.s3Bucket", target.get("S3Bucket")),
    ):
        if not value:
            raise request_errors.missing(name)
    if not _INSTANCE_ID.fullmatch(str(instance_id)):
        raise ApiError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
    if environment not in FORMATS:
        raise request_errors.invalid_format("target-environment", environment)
    disk_format, container = _formats(str(environment), target)
    return ExportInstanceRequest(
        instance_id=str(instance_id),
        environment=str(environment),
        format=disk_format,
        container=container,
        bucket=target["S3Bucket"],
        prefix=target.get("S3Prefix") or "",
        tags=tag_specifications.tags_for("export-instance-task", parameters),
        given=parameters,
    )


def _formats(environment: str, target: Mapping[str, Any]) -> tuple[str, str | None]:
    """The disk's format and the container's.

    An appliance is for VMware, which is what the user guide describes; what AWS says to other combinations
    nobody has published.
    """
    given, container = target.get("DiskImageFormat"), target.get("ContainerFormat")
    only = FORMATS[environment]
    if given and str(given).upper() != only:
        raise errors.format_unsupported(str(given), environment, only)
    if container and container != "ova":
        raise request_errors.invalid_format("container-format", container)
    if container and environment != "vmware":
        raise errors.container_unsupported(environment)
    return only, container
