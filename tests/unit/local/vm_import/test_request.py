from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local.vm_import.fakes import container, request
from vmie_local.front_door.api_call import ApiError
from vmie_local.vm_import import s3_location
from vmie_local.vm_import.import_image.request import parse

REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("no containers", {"Description": "x"}, "MissingParameter", "diskContainers"),
    ("empty containers", {"DiskContainers": []}, "MissingParameter", "diskContainers"),
    ("22 disks", {"DiskContainers": [container()] * 22}, "InvalidParameterValue", "22 disk containers"),
    ("no source", {"DiskContainers": [{"Format": "vmdk"}]}, "MissingParameter", "userBucket"),
    (
        "two sources",
        {"DiskContainers": [{**container(), "SnapshotId": "snap-1"}]},
        "InvalidParameterCombination",
        "not both",
    ),
    (
        "bucket without key",
        {"DiskContainers": [{"UserBucket": {"S3Bucket": "b"}}]},
        "InvalidParameter",
        "Invalid S3 source location",
    ),
    (
        "ftp",
        {"DiskContainers": [{"Url": "ftp://a/b"}]},
        "InvalidParameter",
        "Invalid S3 source location",
    ),
    (
        "qcow2",
        request(container(declared="qcow2")),
        "InvalidParameter",
        "Parameter disk-image-size=0 has an invalid format",
    ),
    (
        "arm64",
        request(Architecture="arm64"),
        "InvalidParameter",
        "Parameter architecture=arm64 has an invalid format",
    ),
    (
        "platform",
        request(Platform="BeOS"),
        "InvalidParameter",
        "Parameter platform=BeOS has an invalid format",
    ),
    (
        "boot mode",
        request(BootMode="uefi-preferred"),
        "InvalidParameter",
        "Parameter boot-mode=uefi-preferred has an invalid format",
    ),
    (
        "hypervisor",
        request(Hypervisor="kvm"),
        "InvalidParameter",
        "Parameter hypervisor=kvm has an invalid format",
    ),
    (
        "license",
        request(LicenseType="MINE"),
        "InvalidParameter",
        "Parameter license-type=MINE has an invalid format",
    ),
    (
        "usage",
        request(UsageOperation="RunInstances:9999"),
        "InvalidParameter",
        "Parameter usage-operation=RunInstances:9999 has an invalid format",
    ),
    (
        "license and usage",
        request(LicenseType="BYOL", UsageOperation="RunInstances"),
        "InvalidParameterCombination",
        "not both",
    ),
    ("key alone", request(KmsKeyId="alias/mine"), "InvalidParameterCombination", "Encrypted flag"),
    (
        "tags of an image",
        request(TagSpecifications=[{"ResourceType": "image", "Tags": []}]),
        "InvalidParameterValue",
        "'image' is not a valid taggable resource type for this operation.",
    ),
]


@pytest.mark.parametrize(
    ("parameters", "code", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_request_the_service_does_not_take_is_refused_in_its_words(
    parameters: dict[str, Any], code: str, text: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        parse(parameters)

    assert refusal.value.code == code
    assert text in refusal.value.message
    assert refusal.value.status == 400


def test_21_disks_are_accepted() -> None:
    assert len(parse({"DiskContainers": [container()] * 21}).containers) == 21


@pytest.mark.parametrize("given", ["vmdk", "VMDK", "Vmdk"])
def test_a_format_counts_in_any_case(given: str) -> None:
    assert parse(request(container(declared=given))).containers[0].format == "VMDK"


@pytest.mark.parametrize("given", ["aws", "AWS", "BYOL", "byol"])
def test_a_license_type_counts_in_any_case(given: str) -> None:
    assert parse(request(LicenseType=given)).given["LicenseType"] == given


@pytest.mark.parametrize(
    "url",
    [
        "s3://images/disks/web%201.vmdk",
        "S3://images/disks/web 1.vmdk",
        "https://images.s3.amazonaws.com/disks/web%201.vmdk",
        "https://images.s3.eu-west-1.amazonaws.com/disks/web%201.vmdk?X-Amz-Signature=00",
        "https://s3.eu-west-1.amazonaws.com/images/disks/web%201.vmdk",
        "https://images.s3.cn-north-1.amazonaws.com.cn/disks/web%201.vmdk",
    ],
)
def test_every_way_to_write_an_object_s_address_names_the_object(url: str) -> None:
    assert s3_location.of_url(url) == ("images", "disks/web 1.vmdk")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/images/web.vmdk",
        "https://images.s3.amazonaws.com.example.com/web.vmdk",
        "https://s3.amazonaws.com/images",
        "http://169.254.169.254/latest/meta-data/iam",
        "file:///etc/passwd",
        "s3://images",
        "web.vmdk",
    ],
)
def test_what_is_no_address_in_s3_is_no_source(url: str) -> None:
    with pytest.raises(ApiError, match="Invalid S3 source location"):
        s3_location.of_url(url)


@pytest.mark.parametrize("host", ["127.0.0.1:5055", "localhost:5055"])
def test_a_presigned_url_of_a_local_endpoint_names_its_object(host: str) -> None:
    url = f"http://{host}/images/disks/web%201.vmdk?X-Amz-Signature=00"

    assert s3_location.of_url(url) == ("images", "disks/web 1.vmdk")


def test_a_snapshot_that_boots_by_uefi_needs_its_platform() -> None:
    given = {"DiskContainers": [{"SnapshotId": "snap-1"}], "BootMode": "uefi"}

    with pytest.raises(ApiError, match="must contain the parameter platform"):
        parse(given)
    assert parse({**given, "Platform": "Linux"}).containers[0].snapshot_id == "snap-1"
    assert parse({**given, "BootMode": "legacy-bios"})


def test_requests_that_differ_in_token_and_dry_run_only_are_the_same() -> None:
    first = parse(request(ClientToken="a", Description="x"))
    second = parse(request(ClientToken="b", Description="x", DryRun=False))

    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != parse(request(ClientToken="a", Description="y")).fingerprint


def test_tags_of_every_specification_are_the_task_s() -> None:
    specifications = [
        {"ResourceType": "import-image-task", "Tags": [{"Key": "a", "Value": "1"}]},
        {"ResourceType": "import-image-task", "Tags": [{"Key": "b"}]},
    ]

    assert parse(request(TagSpecifications=specifications)).tags == {"a": "1", "b": ""}
