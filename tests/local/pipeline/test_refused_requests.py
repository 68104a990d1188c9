"""What a request may not ask for is refused in seconds, and result and event say what, why and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.pipeline.disks import boot_disk, data_disk, upload_disks
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.pipeline.test_request_files import presigned

ELSEWHERE = {"Format": "vmdk", "UserBucket": {"S3Bucket": "somebody-elses", "S3Key": "disk.vmdk"}}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LICENCE = "arn:aws:license-manager:us-east-1:123456789012:license-configuration:lic-0123456789abcdef0"
VOLUME = {"DiskContainer": data_disk(), "Vmie": {"CreateVolume": {"AvailabilityZone": "us-east-1a"}}}


def image(**more: Any) -> dict[str, Any]:
    """An ImportImage request of the demo disk."""
    return {"DiskContainers": [boot_disk()], **more}


# Name -> request, code, and what its message or remedy must name.
MALFORMED: dict[str, tuple[Any, str, str]] = {
    "unknown-key": (image(Licensetype="BYOL"), "UnknownParameter", "LicenseType"),
    "unknown-option": (image(Vmie={"Nmae": "web"}), "UnknownParameter", "Nmae"),
    "too-many-disks": ({"DiskContainers": [boot_disk()] * 22}, "TooManyDisks", "21"),
    "two-licences": (
        image(LicenseType="BYOL", UsageOperation="RunInstances"),
        "LicenceOptionsConflict",
        "UsageOperation",
    ),
    "aws-licence-for-linux": (
        image(LicenseType="AWS", Platform="Linux"),
        "InvalidParameterCombination",
        "LicenseType",
    ),
    "usage-of-the-other-platform": (
        image(UsageOperation="RunInstances:0002", Platform="Linux"),
        "InvalidParameterCombination",
        "UsageOperation",
    ),
    "uefi-preferred": (image(BootMode="uefi-preferred"), "InvalidParameterValue", "BootMode"),
    "uefi-of-a-snapshot": (
        {"BootMode": "uefi", "DiskContainers": [{"SnapshotId": "snap-0123456789abcdef0"}]},
        "MissingParameter",
        "Platform",
    ),
    "direct-method": (image(Vmie={"Method": "direct"}), "DirectImportUnavailable", "snapshot"),
    "export": (
        {"ImageId": "ami-0123456789abcdef0", "DiskImageFormat": "VMDK"},
        "WrongWorkflow",
        "ExportImage",
    ),
}
NOT_ALLOWED: dict[str, tuple[Any, str, str]] = {
    "source-bucket": ({"DiskContainers": [ELSEWHERE]}, "BucketNotAllowed", "allowed_source_buckets"),
    "s3-url": (
        {"DiskContainers": [{"Format": "vmdk", "Url": "s3://somebody-elses/disk.vmdk"}]},
        "BucketNotAllowed",
        "allowed_source_buckets",
    ),
    "presigned-url": (
        {"DiskContainers": [{"Format": "vmdk", "Url": presigned("somebody-elses", "disk.vmdk")}]},
        "BucketNotAllowed",
        "allowed_source_buckets",
    ),
    "snapshot": (
        {"DiskContainers": [{"SnapshotId": "snap-0123456789abcdef0"}]},
        "SnapshotNotAllowed",
        "allowed_snapshots",
    ),
    "kms-key": (image(Encrypted=True, KmsKeyId=KEY), "KeyNotAllowed", "allowed_kms_keys"),
    "role": (image(RoleName="somebody-elses"), "RoleNotAllowed", "allowed_service_roles"),
    "licence-configuration": (
        image(LicenseSpecifications=[{"LicenseConfigurationArn": LICENCE}]),
        "LicenseConfigurationNotAllowed",
        "allowed_license_configurations",
    ),
    "zone": (VOLUME, "AvailabilityZoneNotAllowed", "allowed_availability_zones"),
    "import-task": (
        {"Vmie": {"ImportTaskId": "import-ami-0123456789abcdef0"}},
        "ImportTaskNotAllowed",
        "allowed_import_tasks",
    ),
}
REFUSED = MALFORMED | NOT_ALLOWED
_Refusals = tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def refusals(deployed: Pipeline) -> Iterator[_Refusals]:
    """The results of every request, by name, and the events of all."""
    upload_disks(deployed)
    with deployed.listening() as events:
        keys = {name: deployed.ask(f"refused/{name}", each) for name, (each, _, _) in REFUSED.items()}
        results = {name: deployed.ended(key) for name, key in keys.items()}
        eventually(
            lambda: (
                len([each for each in events() if each["detail-type"] == "VM Import Rejected"])
                >= len(REFUSED)
            ),
            "an event for each",
        )
        seen = events()
    yield results, seen
    eventually(deployed.settled, "nothing running, waiting or held")


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_may_not_be_is_rejected_by_name_and_nothing_is_started(
    deployed: Pipeline, refusals: _Refusals, name: str
) -> None:
    result, (_, code, named) = refusals[0][name], REFUSED[name]

    assert (result["Status"], result["Error"]["Code"]) == ("Rejected", code), result
    assert named in f"{result['Error']['Message']} {result['Error']['Remedy']}", result["Error"]
    assert "ImportTaskId" not in result
    assert deployed.tasks_of(result["RequestId"]) == []
    assert "X-Amz" not in str(result)


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_the_event_of_a_request_outside_what_is_allowed_says_so(refusals: _Refusals, name: str) -> None:
    result = refusals[0][name]
    (event,) = (
        each["detail"]
        for each in refusals[1]
        if each["detail-type"] == "VM Import Rejected" and each["detail"]["RequestId"] == result["RequestId"]
    )

    assert event["Error"]["Code"] == NOT_ALLOWED[name][1]
    assert "did not allow" in event["Error"]["Message"]
