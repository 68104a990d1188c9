"""The stages that end in an AMI without an import task."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.runtime.world import World
from vmie_runtime.made import Made
from vmie_runtime.request import Request
from vmie_runtime.stages.images import CopyImage, RegisterImage, image_name
from vmie_runtime.stages.plan import stage_of

GIVEN = "snap-0123456789abcdef0"


def disk(name: str, **more: Any) -> dict[str, Any]:
    return {"Format": "vmdk", "UserBucket": {"S3Key": f"disks/{name}"}, **more}


def registering(world: World, *containers: dict[str, Any], document: Any = None, **changes: Any) -> Request:
    """A request whose disks are all imported and whose AMI is next."""
    containers = containers or (disk("web.vmdk"),)
    of_request = document or {"DiskContainers": list(containers), "Vmie": {"Method": "snapshot"}}
    imported = [each for each in containers if "SnapshotId" not in each]
    made = Made(snapshot_ids=tuple(f"snap-{number}" for number in range(len(imported))))
    world.aws.ec2.snapshots |= {*made.snapshot_ids, GIVEN}
    return world.running(
        "requests/one.json", document=of_request, **{"stage": len(imported), "made": made, **changes}
    )


def start(world: World, request: Request) -> dict[str, Any]:
    """The parameters that the stage calls EC2 with."""
    stage = stage_of(request)
    assert stage is not None
    world.aws.ec2.calls.clear()
    stage.start(world.work(request))
    ((_, parameters),) = world.aws.ec2.calls
    return parameters


def test_an_image_is_registered_over_its_snapshot_as_nothing_says_otherwise(world: World):
    request = registering(world)

    assert start(world, request) == {
        "Name": f"web-{request.id[:8]}-1",
        "Description": "Imported by 'requests/one.json'",
        "Architecture": "x86_64",
        "EnaSupport": True,
        "VirtualizationType": "hvm",
        "RootDeviceName": "/dev/sda1",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-0", "DeleteOnTermination": True}}
        ],
        "TagSpecifications": [
            {
                "ResourceType": "image",
                "Tags": [
                    {"Key": "vmie:request-id", "Value": request.id},
                    {"Key": "vmie:attempt", "Value": "1"},
                    {"Key": "vmie:stage", "Value": "1"},
                    {"Key": "vmie:workflow", "Value": "requests"},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("owner", "request_says", "boots"),
    [
        ({}, {}, ("arm64", "uefi")),
        ({"BootMode": "legacy-bios"}, {}, ("arm64", "legacy-bios")),
        ({"BootMode": "legacy-bios"}, {"BootMode": "uefi"}, ("arm64", "uefi")),
        ({"Architecture": "x86_64"}, {}, ("x86_64", "uefi")),
    ],
)
def test_request_owner_and_inspection_say_in_this_order_how_it_boots(
    world: World, monkeypatch, owner, request_says, boots
):
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps(owner))
    inspection = {"Recommendation": {"Architecture": "arm64", "BootMode": "uefi"}}
    document = {
        "DiskContainers": [disk("web.vmdk")],
        "Platform": "Linux",
        "Description": "theirs",
        **request_says,
        "Vmie": {"Method": "snapshot"},
    }

    found = start(world, registering(world, document=document, inspection=inspection))

    assert (found["Architecture"], found["BootMode"]) == boots
    assert found["Description"] == "theirs"


def test_what_is_asked_for_the_registration_goes_before_all(world: World):
    asked = {
        "Name": "golden",
        "Description": "d",
        "Architecture": "arm64",
        "BootMode": "uefi",
        "TpmSupport": "v2.0",
        "ImdsSupport": "v2.0",
        "EnaSupport": False,
        "RootDeviceName": "/dev/xvda",
    }
    document = {
        "DiskContainers": [disk("web.vmdk")],
        "Vmie": {"Method": "snapshot", "RegisterImage": asked},
    }

    found = start(world, registering(world, document=document))

    assert {name: found[name] for name in asked} == asked
    assert found["BlockDeviceMappings"][0]["DeviceName"] == "/dev/xvda"


def test_a_name_is_taken_from_the_request(world: World):
    document = {"DiskContainers": [disk("web.vmdk")], "Vmie": {"Method": "snapshot", "Name": "golden"}}

    assert start(world, registering(world, document=document))["Name"] == "golden"


def test_every_disk_has_its_snapshot_and_a_device_of_its_own(world: World):
    containers = [
        disk("system.vmdk", DeviceName="/dev/sdz"),
        disk("data.vmdk"),
        {"SnapshotId": GIVEN},
        disk("more.vmdk", DeviceName="/dev/sdx"),
        disk("last.vmdk"),
    ]

    mappings = start(world, registering(world, *containers))["BlockDeviceMappings"]

    assert [(each["DeviceName"], each["Ebs"]["SnapshotId"]) for each in mappings] == [
        ("/dev/sda1", "snap-0"),
        ("/dev/sdf", "snap-1"),
        ("/dev/sdg", GIVEN),
        ("/dev/sdx", "snap-2"),
        ("/dev/sdh", "snap-3"),
    ]


@pytest.mark.parametrize("named", ["/dev/sdf", "/dev/sdg"])
def test_no_two_disks_share_a_device(world: World, named: str):
    """One names the device that another would be given."""
    containers = [disk("a.vmdk"), disk("b.vmdk"), disk("c.vmdk", DeviceName=named), disk("d.vmdk")]

    mappings = start(world, registering(world, *containers))["BlockDeviceMappings"]

    names = [each["DeviceName"] for each in mappings]
    assert len(set(names)) == 4
    assert names[2] == named


def test_the_most_disks_that_a_request_may_have_all_find_a_device(world: World):
    containers = [disk(f"{number}.vmdk") for number in range(21)]

    mappings = start(world, registering(world, *containers))["BlockDeviceMappings"]

    assert len({each["DeviceName"] for each in mappings}) == 21


@pytest.mark.parametrize(
    ("key", "begins"),
    [
        ("disks/web.vmdk", "web-"),
        ("disks/Büro & Söhne.vmdk", "B-ro - S-hne-"),
        ("disks/noending", "noending-"),
        (f"disks/{'n' * 300}.vmdk", "n" * 100),
    ],
)
def test_an_unnamed_image_is_named_by_its_disk_as_ec2_takes_it(world: World, key: str, begins: str):
    container = {"Format": "vmdk", "UserBucket": {"S3Key": key}}

    name = image_name(world.work(registering(world, container)))

    assert name.startswith(begins)
    assert 3 <= len(name) <= 128


def test_a_further_attempt_takes_another_name(world: World):
    """A half-made image of the one before may still have it."""
    first = registering(world)
    second = registering(world, attempt=2, version_id="v2")

    assert image_name(world.work(first)).endswith("-1")
    assert image_name(world.work(second)).endswith("-2")


def test_a_registered_image_is_found_by_its_tags_and_makes_no_snapshot(world: World):
    request = registering(world)
    stage = RegisterImage()
    assert stage.find(world.work(request)) is None
    image_id = stage.start(world.work(request))

    found = stage.find(world.work(request))

    assert found is not None
    assert (found.id, found.status, found.made) == (image_id, "active", Made(image_ids=(image_id,)))


@pytest.mark.parametrize(
    ("state", "status"),
    [("pending", "active"), ("available", "completed"), ("failed", "deleted"), ("error", "deleted"),
     ("invalid", "deleted"), ("transient", "active"), ("disabled", "active")],
)  # fmt: skip
def test_the_states_of_an_image_are_those_of_a_task(world: World, state: str, status: str):
    reason = {"Code": "Client.X", "Message": "No access to the key."}
    world.aws.ec2.add_image("ami-1", "snap-1", State=state, StateReason=reason)

    task = CopyImage().describe(world.aws.client("ec2"), "ami-1")

    assert task is not None
    assert (task.status, task.phase) == (status, "No access to the key.")


def test_an_image_that_ec2_does_not_show_is_none(world: World):
    assert RegisterImage().describe(world.aws.client("ec2"), "ami-gone") is None


def test_an_image_with_a_name_is_a_copy_within_the_region(world: World):
    document = {"DiskContainers": [disk("web.vmdk")], "Description": "theirs", "Vmie": {"Name": "golden"}}
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    world.aws.ec2.add_image("ami-1", "snap-1")
    request = world.running("requests/one.json", document=document, stage=1, made=made)

    parameters = start(world, request)

    tags = [
        {"Key": "vmie:request-id", "Value": request.id},
        {"Key": "vmie:attempt", "Value": "1"},
        {"Key": "vmie:stage", "Value": "1"},
        {"Key": "vmie:workflow", "Value": "requests"},
    ]
    assert parameters == {
        "Name": "golden",
        "Description": "theirs",
        "SourceImageId": "ami-1",
        "SourceRegion": "us-east-1",
        "ClientToken": f"vmie-{request.id}-1-1",
        "TagSpecifications": [
            {"ResourceType": "image", "Tags": tags},
            {"ResourceType": "snapshot", "Tags": tags},
        ],
    }


def test_a_copy_that_is_started_again_is_the_same(world: World):
    document = {"DiskContainers": [disk("web.vmdk")], "Vmie": {"Name": "golden"}}
    world.aws.ec2.add_image("ami-1", "snap-1")
    request = world.running("requests/one.json", document=document, stage=1, made=Made(image_ids=("ami-1",)))

    ids = {CopyImage().start(world.work(request)) for _ in range(2)}

    assert len(ids) == 1
    assert len(world.aws.ec2.images) == 2


def test_a_copy_replaces_what_it_was_made_of(world: World):
    world.aws.ec2.add_image("ami-copy", "snap-copy")
    task = CopyImage().describe(world.aws.client("ec2"), "ami-copy")
    assert task is not None

    made = CopyImage().made_after(Made(image_ids=("ami-1",), snapshot_ids=("snap-1",)), task)

    assert made == Made(
        image_ids=("ami-copy",),
        snapshot_ids=("snap-copy",),
        replaced_image_ids=("ami-1",),
        replaced_snapshot_ids=("snap-1",),
    )
