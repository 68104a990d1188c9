"""What is decided and refused once an inspection has ended, of dry runs too."""

import json
from typing import Any

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import World
from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.errors import RequestFailure, RequestRejected
from vmie_runtime.steps.start_task import handler

ACCEPTED = {"Findings": [], "Verdicts": {"image": "accepted", "snapshot": "accepted", "direct": "accepted"}}
BY_SNAPSHOT = {**ACCEPTED, "Recommendation": {"Method": "snapshot"}}
GIVEN = "snap-0123456789abcdef0"
DISK = {"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}
GIB = 2**30

both_ways = pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "real"])


def start(
    world: World, context: Any, document: dict[str, Any], inspection: dict[str, Any] | None = None
) -> Any:
    """Start a request of a file; the request afterwards."""
    request = world.running("requests/web.json", document=document)
    inspected = {} if inspection is None else {"Inspection": inspection}
    handler(world.step(request, Inspected=inspected), context)
    return world.find(request)


def refusal_of(
    world: World, context: Any, document: dict[str, Any], inspection: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Why a request is refused, for which nothing was started."""
    with pytest.raises(RequestRejected) as error:
        start(world, context, document, inspection)
    assert world.aws.ec2.calls == []
    raised: dict[str, Any] = json.loads(str(error.value))
    assert raised["Code"] in BY_CODE
    return raised


def defaults(world: World, monkeypatch: Any, **parameters: Any) -> None:
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps(parameters))


@both_ways
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LicenseType", "aws"),
        ("UsageOperation", "RunInstances:0002"),
        ("Hypervisor", "xen"),
        ("LicenseSpecifications", []),
    ],
)
def test_a_method_that_the_inspection_chose_drops_nothing_that_was_asked_for(
    world: World, context, name: str, value: Any, dry_run: bool
):
    document = {"DiskContainers": [DISK], name: value, "DryRun": dry_run, "Vmie": {"Method": "auto"}}

    raised = refusal_of(world, context, document, BY_SNAPSHOT)

    assert raised["Code"] == "InvalidParameterCombination"
    assert raised["Problems"] == [{"Code": "InvalidParameterCombination", "Parameter": name}]
    assert 'Vmie.Method "snapshot", which the inspection recommends for "auto"' in raised["Message"]


def test_an_appliance_is_not_taken_apart_on_a_recommendation(world: World, context):
    ova = {"Format": "OVA", "UserBucket": {"S3Key": "disks/web.ova"}}
    document = {"DiskContainers": [ova], "Vmie": {"Method": "auto"}}

    raised = refusal_of(world, context, document, BY_SNAPSHOT)

    assert "ImportSnapshot takes one disk" in raised["Message"]


def test_what_the_image_method_takes_is_kept_where_the_inspection_chose_it(world: World, context):
    document = {"DiskContainers": [DISK], "LicenseType": "aws", "Vmie": {"Method": "auto"}}
    assert start(world, context, document, ACCEPTED).method == "image"
    assert world.aws.ec2.imports[0]["LicenseType"] == "AWS"


@pytest.mark.parametrize("snapshots_only", [True, False])
def test_without_an_inspection_an_open_method_is_decided_too(world: World, context, snapshots_only: bool):
    disk = {"SnapshotId": GIVEN} if snapshots_only else DISK
    started = start(world, context, {"DiskContainers": [disk], "Vmie": {"Method": "auto"}})
    assert (started.method, world.stage_operation(started)) == ("image", "ImportImage")


def test_an_inspection_of_an_earlier_attempt_counts_where_the_next_one_did_not_end(world: World, context):
    document = {"DiskContainers": [DISK], "Vmie": {"Method": "auto"}}
    request = world.running("requests/web.json", document=document, inspection=BY_SNAPSHOT, attempt=2)

    handler(world.step(request, Inspected={}), context)

    assert world.find(request).method == "snapshot"
    assert "NotInspected" not in [each["Code"] for each in world.find(request).advice]


@both_ways
def test_a_32_bit_request_is_refused_without_an_inspection(world: World, context, dry_run: bool):
    document = {"DiskContainers": [{"SnapshotId": GIVEN}], "Architecture": "I386", "DryRun": dry_run}
    assert refusal_of(world, context, document)["Code"] == "ThirtyTwoBitEnded"


def test_a_licence_that_nobody_named_is_advised_on_without_an_inspection(world: World, context):
    started = start(world, context, {"DiskContainers": [{"SnapshotId": GIVEN}]})
    assert [each["Code"] for each in started.advice] == ["LicenceUnnamed"]


def test_a_task_that_somebody_started_by_hand_is_told_nothing_of_licences(world: World, context, monkeypatch):
    world.configure(monkeypatch, VMIE_ALLOWED=json.dumps({"ImportTasks": ["*"]}))
    world.aws.ec2.add_task("import-ami-0123456789abcdef0", StatusMessage="converting")
    assert start(world, context, {"Vmie": {"ImportTaskId": "import-ami-0123456789abcdef0"}}).advice == []


TPM = {"RegisterImage": {"TpmSupport": "v2.0"}}


@both_ways
@pytest.mark.parametrize(
    ("owners", "recommended"), [({"BootMode": "legacy-bios"}, "uefi"), ({}, "legacy-bios"), ({}, None)]
)
def test_a_tpm_needs_a_boot_mode_that_defaults_or_inspection_may_give(
    world: World, context, monkeypatch, owners: dict[str, Any], recommended: str | None, dry_run: bool
):
    defaults(world, monkeypatch, **owners)
    inspection = {**ACCEPTED, "Recommendation": {"Method": "snapshot", "BootMode": recommended}}
    document = {"DiskContainers": [DISK], "DryRun": dry_run, "Vmie": {"Method": "snapshot", **TPM}}

    raised = refusal_of(world, context, document, inspection)

    assert raised["Problems"][0]["Parameter"] == "Vmie.RegisterImage.TpmSupport"
    assert ("The stack's defaults give BootMode legacy-bios." in raised["Message"]) == bool(owners)


@pytest.mark.parametrize(("owners", "recommended"), [({"BootMode": "uefi"}, None), ({}, "uefi")])
def test_a_tpm_goes_with_the_boot_mode_that_defaults_or_inspection_give(
    world: World, context, monkeypatch, owners: dict[str, Any], recommended: str | None
):
    defaults(world, monkeypatch, **owners)
    inspection = {**ACCEPTED, "Recommendation": {"Method": "snapshot", "BootMode": recommended}}
    document = {"DiskContainer": DISK, "Vmie": TPM}
    assert world.stage_operation(start(world, context, document, inspection)) == "ImportSnapshot"


def test_the_architecture_that_was_found_is_held_against_the_owners_boot_mode(
    world: World, context, monkeypatch
):
    defaults(world, monkeypatch, BootMode="legacy-bios")
    inspection = {**ACCEPTED, "Recommendation": {"Method": "snapshot", "Architecture": "arm64"}}
    document = {"DiskContainers": [DISK], "Vmie": {"Method": "snapshot"}}

    raised = refusal_of(world, context, document, inspection)

    assert 'Architecture "arm64" does not go with BootMode "legacy-bios"' in raised["Message"]


def test_two_disks_of_one_device_are_refused_where_the_inspection_chose_to_register_them(
    world: World, context
):
    disks = [DISK, *({**DISK, "DeviceName": "/dev/sdf"} for _ in range(2))]
    document = {"DiskContainers": disks, "Vmie": {"Method": "auto"}}

    raised = refusal_of(world, context, document, BY_SNAPSHOT)

    assert raised["Problems"][0]["Parameter"] == "DiskContainers[2].DeviceName"


@both_ways
def test_uefi_by_the_owners_default_needs_a_platform_with_a_snapshot(
    world: World, context, monkeypatch, dry_run: bool
):
    defaults(world, monkeypatch, BootMode="uefi")
    document = {"DiskContainers": [{"SnapshotId": GIVEN}], "DryRun": dry_run}

    raised = refusal_of(world, context, document)

    assert raised["Problems"] == [{"Code": "MissingParameter", "Parameter": "Platform"}]
    assert raised["Message"].endswith("The stack's defaults give BootMode uefi.")


@pytest.mark.parametrize(
    "more", [{"Platform": "Linux"}, {"BootMode": "legacy-bios"}, {"Vmie": {"Method": "snapshot"}}]
)
def test_uefi_by_the_owners_default_hinders_nothing_else(
    world: World, context, monkeypatch, more: dict[str, Any]
):
    defaults(world, monkeypatch, BootMode="uefi")
    world.aws.ec2.snapshots.add(GIVEN)
    assert start(world, context, {"DiskContainers": [{"SnapshotId": GIVEN}], **more}).task_id


def of_size(size: int | None, table: str = "MBR") -> dict[str, Any]:
    return {**ACCEPTED, "Disks": [{"VirtualSize": size, "PartitionTable": table}]}


def volume_of(gib: int | None, *, dry_run: bool = False) -> dict[str, Any]:
    volume = {"AvailabilityZone": "us-east-1a", **({} if gib is None else {"Size": gib})}
    return {"DiskContainer": DISK, "DryRun": dry_run, "Vmie": {"CreateVolume": volume}}


@both_ways
def test_a_volume_smaller_than_its_disk_is_refused_before_the_import(world: World, context, dry_run: bool):
    raised = refusal_of(world, context, volume_of(2, dry_run=dry_run), of_size(2 * GIB + 1))
    assert (raised["Code"], raised["needed"]) == ("VolumeTooSmall", 3)
    assert raised["Message"].startswith("Vmie.CreateVolume.Size is 2 GiB")


@pytest.mark.parametrize(("gib", "size"), [(3, 2 * GIB + 1), (None, 9 * GIB), (2, None)])
def test_a_volume_that_may_hold_its_disk_is_tried(world: World, context, gib: int | None, size: int | None):
    assert start(world, context, volume_of(gib), of_size(size)).task_id


def conversion(operation: str) -> dict[str, Any]:
    image = {"Format": "RAW", "ImportManifestUrl": "s3:///disks/a.raw"}
    if operation == "ImportVolume":
        return {"AvailabilityZone": "us-east-1a", "Image": image, "Volume": {"Size": 1}}
    return {"Platform": "Windows", "DiskImages": [{"Image": image, "Volume": {"Size": 1}}]}


@both_ways
@pytest.mark.parametrize(
    ("operation", "inspection", "code"),
    [
        ("ImportInstance", of_size(GIB + 1), "VolumeTooSmall"),
        ("ImportInstance", of_size(GIB, "GPT"), "GptBootDisk"),
        ("ImportVolume", of_size(GIB + 1), "VolumeTooSmall"),
    ],
)
def test_a_disk_that_no_conversion_task_takes_is_refused(
    world: World, context, operation: str, inspection: dict[str, Any], code: str, dry_run: bool
):
    document = {**conversion(operation), "DryRun": dry_run}
    assert refusal_of(world, context, document, inspection)["Code"] == code


def registered_of_given(**more: Any) -> dict[str, Any]:
    return {"DiskContainers": [{"SnapshotId": GIVEN}], "Vmie": {"Method": "snapshot"}, **more}


@both_ways
@pytest.mark.parametrize(("asked", "owners"), [({"Encrypted": True}, {}), ({}, {"Encrypted": True})])
def test_a_snapshot_that_is_not_encrypted_makes_no_image_that_is_to_be(
    world: World, context, monkeypatch, asked: dict[str, Any], owners: dict[str, Any], dry_run: bool
):
    defaults(world, monkeypatch, **owners)
    world.aws.ec2.snapshots.add(GIVEN)

    raised = refusal_of(world, context, registered_of_given(**asked, DryRun=dry_run))

    assert (raised["Code"], raised["snapshots"]) == ("SnapshotNotEncrypted", GIVEN)


def test_a_snapshot_that_is_encrypted_makes_one(world: World, context):
    world.aws.ec2.snapshots.add(GIVEN)
    world.aws.ec2.encrypted_snapshots.add(GIVEN)
    assert start(world, context, registered_of_given(Encrypted=True)).task_id.startswith("ami-")


@pytest.mark.parametrize(
    "document", [registered_of_given(), {"DiskContainers": [{"SnapshotId": GIVEN}], "Encrypted": True}]
)
def test_a_snapshot_is_not_looked_at_where_nothing_needs_it_encrypted(
    world: World, context, document: dict[str, Any]
):
    """ImportImage encrypts what it makes of a snapshot."""
    world.aws.ec2.snapshots.add(GIVEN)
    denied = refusal("UnauthorizedOperation", "DescribeSnapshots", status=403)
    world.aws.ec2.refusals.add("DescribeSnapshots", denied)
    assert start(world, context, document).task_id


@pytest.mark.parametrize("code", ["InvalidSnapshot.NotFound", "UnauthorizedOperation"])
def test_a_snapshot_that_cannot_be_looked_at_is_not_taken_for_encrypted(world: World, context, code: str):
    world.aws.ec2.refusals.add("DescribeSnapshots", refusal(code, "DescribeSnapshots"))

    with pytest.raises(RequestFailure) as error:
        start(world, context, registered_of_given(Encrypted=True))

    raised = json.loads(str(error.value))
    assert (raised["Code"], raised["Operation"]) == (code, "DescribeSnapshots")
    assert world.aws.ec2.calls == []
