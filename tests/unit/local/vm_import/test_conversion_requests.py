from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.local.vm_import.conversion_world import ConversionWorld
from vmie_local.front_door.api_call import ApiError


@pytest.fixture
def world(tmp_path: Path) -> ConversionWorld:
    return ConversionWorld(tmp_path)


def refusal(start: Any, **changes: Any) -> str:
    """Code and text of the answer to a request with these changes; what is None is left out."""
    with pytest.raises(ApiError) as caught:
        start(**changes)
    return f"{caught.value.code}: {caught.value.message}"


MISSING = "MissingParameter: The request must contain the parameter"


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"Image": None}, f"{MISSING} image"),
        ({"Volume": None}, f"{MISSING} volume"),
        ({"Volume": {"Other": 1}}, f"{MISSING} volume.size"),
        ({"AvailabilityZone": None}, f"{MISSING} availabilityZone"),
        (
            {"AvailabilityZoneId": "use1-az1"},
            "InvalidParameterCombination: You can specify either availabilityZone or availabilityZoneId, "
            "but not both.",
        ),
        (
            {"AvailabilityZone": "eu-west-1a"},
            "InvalidZone.NotFound: The zone 'eu-west-1a' does not exist.",
        ),
        ({"Volume": {"Size": 0}}, "InvalidParameter: Parameter volume-size=0 has an invalid format"),
        (
            {"Volume": {"Size": 16385}},
            "DiskImageSizeTooLarge: The disk image exceeds the allowed limit of 16384 GiB.",
        ),
    ],
)
def test_a_bad_request_for_a_volume_is_refused_in_the_service_s_words(
    world: ConversionWorld, changes: dict[str, Any], answer: str
) -> None:
    assert refusal(world.start_volume, **changes) == answer


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"Format": None}, f"{MISSING} image.format"),
        ({"Bytes": None}, f"{MISSING} image.bytes"),
        ({"ImportManifestUrl": None}, f"{MISSING} image.importManifestUrl"),
        ({"Format": "VHDX"}, "InvalidParameter: Parameter disk-image-size=0 has an invalid format"),
        ({"Bytes": 0}, "InvalidParameter: Parameter disk-image-size=0 has an invalid format"),
        ({"ImportManifestUrl": "https://example.com/x"}, "InvalidParameter: Invalid S3 source location"),
        ({"ImportManifestUrl": "no url"}, "InvalidParameter: Invalid S3 source location"),
    ],
)
def test_a_bad_image_is_refused_for_both_kinds(
    world: ConversionWorld, changes: dict[str, Any], answer: str
) -> None:
    image = world.image(**changes)

    assert refusal(world.start_volume, Image=image) == answer
    disk = {"Image": image, "Volume": {"Size": 1}}
    assert refusal(world.start_instance, DiskImages=[disk]) == answer
    assert world.machines.instances == {}


LINUX = "Unsupported: Linux is not supported on the requested instance"


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"Platform": None}, f"{MISSING} platform"),
        ({"Platform": "BeOS"}, "InvalidParameter: Parameter platform=BeOS has an invalid format"),
        ({"DiskImages": []}, f"{MISSING} diskImage"),
        ({"LaunchSpecification": None}, LINUX),
        ({"LaunchSpecification": {"InstanceType": "t3.micro"}}, LINUX),
        (
            {"LaunchSpecification": {"InstanceType": "t2.micro", "Architecture": "arm64"}},
            "InvalidParameter: Parameter architecture=arm64 has an invalid format",
        ),
        (
            {"LaunchSpecification": {"InstanceType": "t2.micro", "SubnetId": "subnet-none"}},
            "InvalidSubnetID.NotFound: The subnet ID 'subnet-none' does not exist",
        ),
        (
            {"LaunchSpecification": {"InstanceType": "t2.micro", "GroupIds": ["sg-none"]}},
            "InvalidGroup.NotFound: The security group 'sg-none' does not exist",
        ),
        (
            {
                "LaunchSpecification": {
                    "InstanceType": "t2.micro",
                    "SubnetId": "subnet-b",
                    "Placement": {"AvailabilityZone": "us-east-1a"},
                }
            },
            "InvalidParameterCombination: The subnet 'subnet-b' is in the Availability Zone us-east-1b, "
            "not in us-east-1a.",
        ),
    ],
)
def test_a_bad_request_for_an_instance_is_refused_in_the_service_s_words(
    world: ConversionWorld, changes: dict[str, Any], answer: str
) -> None:
    assert refusal(world.start_instance, **changes) == answer
    assert world.machines.instances == {}


def test_an_instance_has_a_single_disk(world: ConversionWorld) -> None:
    disk = {"Image": world.image(), "Volume": {"Size": 1}}

    assert refusal(world.start_instance, DiskImages=[disk, disk]).startswith("Unsupported: ImportInstance")


@pytest.mark.parametrize("instance_type", ["t2.micro", "m3.medium", "c3.8xlarge", "hi1.4xlarge"])
def test_linux_is_imported_as_the_guide_s_types(world: ConversionWorld, instance_type: str) -> None:
    world.start_instance(LaunchSpecification={"InstanceType": instance_type})

    assert [made.instance_type for made in world.machines.instances.values()] == [instance_type]


def test_cancelling_needs_an_id(world: ConversionWorld) -> None:
    with pytest.raises(ApiError, match="conversionTaskId"):
        world.call("CancelConversionTask")


def test_the_url_of_a_manifest_is_in_no_representation(world: ConversionWorld) -> None:
    task_id = world.start_volume()

    assert "s3.local" not in repr(world.task_of(task_id).disk)
