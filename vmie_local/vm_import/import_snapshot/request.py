"""An ImportSnapshot request, checked in the service's order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmie_local.vm_import import request_errors, s3_location, tag_specifications
from vmie_local.vm_import.service_role import DEFAULT_ROLE

FORMATS = ("VHD", "VHDX", "VMDK", "RAW")
"""User guide, importing snapshots: VHD, VHDX, VMDK and raw; an OVA is a machine, not a disk."""


@dataclass(frozen=True)
class ImportSnapshotRequest:
    """A request that is well-formed.

    Attributes:
        bucket: The object's bucket.
        key: The object's key.
        format: Upper-case, or None where the request leaves it to the content.
        role_name: The service role.
        token: The client token.
        tags: For the task.
        given: The parameters as they came.
    """

    bucket: str
    key: str
    format: str | None
    role_name: str
    token: str | None
    tags: Mapping[str, str]
    given: Mapping[str, Any] = field(repr=False)

    @property
    def container(self) -> Mapping[str, Any]:
        """The disk container as it came."""
        container: Mapping[str, Any] = self.given["DiskContainer"]
        return container

    @property
    def fingerprint(self) -> str:
        """Equal for requests that differ in nothing but client token and dry run."""
        kept = {name: value for name, value in self.given.items() if name not in ("ClientToken", "DryRun")}
        return json.dumps(kept, sort_keys=True, default=str)


def parse(parameters: Mapping[str, Any]) -> ImportSnapshotRequest:
    """Check a request without looking at anything but itself.

    Args:
        parameters: Botocore's input members of ImportSnapshot.

    Raises:
        ApiError: As EC2 answers.
    """
    container = parameters.get("DiskContainer")
    if not container:
        raise request_errors.missing("diskContainer")
    declared = container.get("Format")
    if declared and declared.upper() not in FORMATS:
        # What the service says to a format it does not know (user guide, troubleshooting).
        raise request_errors.invalid_format("disk-image-size", 0)
    location = s3_location.of_container(container)
    if location is None:
        raise request_errors.missing("diskContainer.userBucket")
    if parameters.get("KmsKeyId") and not parameters.get("Encrypted"):
        raise request_errors.key_without_encryption()
    return ImportSnapshotRequest(
        *location,
        format=declared.upper() if declared else None,
        role_name=parameters.get("RoleName") or DEFAULT_ROLE,
        token=parameters.get("ClientToken") or None,
        tags=tag_specifications.tags_for("import-snapshot-task", parameters),
        given=parameters,
    )
