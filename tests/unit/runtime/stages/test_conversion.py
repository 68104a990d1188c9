"""Imports of instances and volumes by conversion tasks."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.stages.conversions import ZONE, ConversionEC2, SigningS3
from tests.unit.runtime.world import NOW, SOON, World
from vmie_runtime import cleaning
from vmie_runtime.errors import RequestFailure, RequestRejected, TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.request import Request, Status
from vmie_runtime.stages import manifests
from vmie_runtime.stages.conversion import ImportInstance, ImportVolume
from vmie_runtime.stages.plan import active_tasks, plan
from vmie_runtime.steps import poll_task, start_task, validate_request

GIB = 2**30
VOLUME = {
    "AvailabilityZone": ZONE,
    "Description": "data disk",
    "Image": {"Format": "VHD", "ImportManifestUrl": "s3:///disks/data.vhd"},
    "Volume": {"Size": 1},
}
INSTANCE = {
    "Description": "web server",
    "Platform": "Linux",
    "LaunchSpecification": {"InstanceType": "m3.medium", "Placement": {"AvailabilityZone": ZONE}},
    "DiskImages": [
        {"Image": {"Format": "VMDK", "ImportManifestUrl": "s3:///disks/boot.vmdk"}, "Volume": {"Size": 1}},
        {"Image": {"Format": "RAW", "ImportManifestUrl": "s3://uploads/disks/1.raw"}, "Volume": {"Size": 2}},
        {"Image": {"Format": "VHD", "ImportManifestUrl": "s3:///disks/2.vhd"}, "Volume": {"Size": 3}},
    ],
    "Vmie": {"CreateImage": {"Name": "web"}},
}


@pytest.fixture
def ec2(world: World) -> ConversionEC2:
    world.aws.ec2 = ConversionEC2()
    return world.aws.ec2


@pytest.fixture
def s3(world: World, monkeypatch: pytest.MonkeyPatch) -> SigningS3:
    """S3 for manifests, which signs as well."""
    signing = SigningS3()
    monkeypatch.setattr(manifests, "signing_client", lambda *_: signing)
    monkeypatch.setenv("VMIE_URL_SIGNING_ROLE", "arn:aws:iam::123456789012:role/signing")
    monkeypatch.setattr(world.aws.s3, "put_object", signing.put_object, raising=False)
    monkeypatch.setattr(world.aws.s3, "delete_object", signing.delete_object, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("VMIE_ALLOWED", json.dumps({"AvailabilityZones": [ZONE]}))
    return signing


def running(world: World, document: dict[str, Any], **changes: Any) -> Request:
    return world.running("requests/one.json", document=document, **changes)


def cleaned(world: World, request: Request, reason: str = "x") -> bool:
    def remember(made: Made) -> None:
        world.table.update(request.id, {"made": made})

    return cleaning.clean_up(world.work(request), reason=reason, remember=remember)


def test_a_volume_is_imported_of_the_object_by_a_manifest(world: World, ec2: ConversionEC2, s3: SigningS3):
    request = running(world, VOLUME)

    task_id = ImportVolume().start(world.work(request))

    (parameters,) = ec2.called("ImportVolume")
    image = parameters.pop("Image")
    assert parameters == {
        "AvailabilityZone": ZONE,
        "Description": f"data disk (vmie requests {request.id} 1.0)",
        "Volume": {"Size": 1},
    }
    assert (image["Format"], image["Bytes"]) == ("VHD", 4)
    key = f"scratch/{request.id}/1/0/manifest.xml"
    assert f"/{key}?" in image["ImportManifestUrl"]
    manifest = ElementTree.fromstring(s3.objects[key])  # noqa: S314 - our own
    assert manifest.findtext("import/parts/part/key") == "disks/data.vhd"
    assert task_id in ec2.conversions


@pytest.mark.parametrize("key", ["a b.vhd", "50%.vhd", "what?.vhd", "#1.vhd", "Büro/日本.vhd", "/a.vhd"])
def test_a_key_of_the_own_bucket_is_taken_as_it_is(world: World, ec2: ConversionEC2, s3: SigningS3, key: str):
    request = running(world, {**VOLUME, "Image": {"Format": "VHD", "ImportManifestUrl": f"S3:///{key}"}})
    ImportVolume().start(world.work(request))

    assert [disk["Key"] for disk in request.disks] == [key]
    (manifest,) = s3.objects.values()
    assert ElementTree.fromstring(manifest).findtext("import/parts/part/key") == key  # noqa: S314 - our own


def test_what_is_read_of_a_task_has_no_url_in_it(world: World, ec2: ConversionEC2, s3: SigningS3):
    request = running(world, VOLUME)
    task_id = ImportVolume().start(world.work(request))
    ec2.conversions[task_id]["StatusMessage"] = "ClientError: https://b.s3.amazonaws.com/m?X-Amz-Signature=1a"

    task = ImportVolume().describe(ec2, task_id)

    assert task is not None
    assert "X-Amz" not in repr(task)
    assert task.phase == "ClientError: https://b.s3.amazonaws.com/m?…"


def test_a_refusal_that_repeats_the_url_is_told_without_it(
    world: World, ec2: ConversionEC2, s3: SigningS3, monkeypatch: pytest.MonkeyPatch
):
    def refuse(**parameters: Any) -> None:
        url = parameters["Image"]["ImportManifestUrl"]
        raise refusal("InvalidParameter", "ImportVolume", message=f"{url} cannot be read")

    monkeypatch.setattr(ec2, "import_volume", refuse)
    with pytest.raises(ClientError) as raised:
        ImportVolume().start(world.work(running(world, VOLUME)))

    assert "X-Amz" not in str(raised.value)
    assert raised.value.__suppress_context__
    assert raised.value.response["Error"]["Code"] == "InvalidParameter"


@pytest.mark.parametrize("now", ["2026-11-20T12:59:59.001Z", "2026-11-20T13:00:00.000Z"])
def test_a_deadline_that_leaves_no_second_for_urls_has_passed(
    world: World, ec2: ConversionEC2, s3: SigningS3, now: str
):
    with pytest.raises(RequestFailure) as raised:
        ImportVolume().start(world.work(running(world, VOLUME), now=now))

    assert (raised.value.code, raised.value.status) == ("DeadlineExceeded", "TimedOut")
    assert ec2.conversions == {}


def test_a_further_disk_is_not_imported_after_the_deadline(
    world: World, ec2: ConversionEC2, s3: SigningS3, context: Any
):
    made = Made(instance_ids=("i-0",))
    request = running(world, INSTANCE, stage=1, made=made)  # its deadline is 13:00

    with pytest.raises(RequestFailure) as raised:
        start_task.handler(world.step(request, now="2026-11-20T13:00:00.000Z"), context)

    assert (raised.value.code, raised.value.status) == ("DeadlineExceeded", "TimedOut")
    assert ec2.calls == []


def test_the_urls_last_until_the_deadline_and_no_longer(world: World, ec2: ConversionEC2, s3: SigningS3):
    request = running(world, VOLUME)  # its deadline is 13:00
    ImportVolume().start(world.work(request, now="2026-11-20T12:10:00.000Z"))

    (parameters,) = ec2.called("ImportVolume")
    assert "X-Amz-Expires=3000&" in parameters["Image"]["ImportManifestUrl"]


def test_a_task_that_urls_cannot_outlive_is_not_started(world: World, ec2: ConversionEC2, s3: SigningS3):
    request = running(world, VOLUME, deadline_at="2026-11-20T14:00:00.000Z")

    with pytest.raises(RequestFailure) as raised:
        ImportVolume().start(world.work(request))

    assert raised.value.code == "UrlsEndBeforeDeadline"
    assert ec2.conversions == {}


@pytest.mark.parametrize(
    ("deadline", "configured", "code"),
    [
        ("PT61M", "43200", "DeadlineBeyondUrls"),
        ("PT61M", "1800", "DeadlineTooLong"),
        ("PT31M", "1800", "DeadlineTooLong"),
    ],
)
def test_a_deadline_that_is_too_long_is_refused_with_its_reason(
    world: World, s3: SigningS3, context: Any, monkeypatch, deadline: str, configured: str, code: str
):
    world.configure(monkeypatch, VMIE_DEADLINE_SECONDS=configured)
    request = running(world, {**VOLUME, "Vmie": {"Deadline": deadline}})

    with pytest.raises(RequestRejected) as raised:
        validate_request.handler(world.step(request), context)

    assert raised.value.code == code


@pytest.mark.parametrize(("configured", "ends"), [("43200", "13:01"), ("1800", "12:31")])
def test_without_a_deadline_the_shorter_of_the_stacks_and_the_urls_counts(
    world: World, ec2: ConversionEC2, s3: SigningS3, context: Any, monkeypatch, configured: str, ends: str
):
    world.configure(monkeypatch, VMIE_DEADLINE_SECONDS=configured)
    request = running(world, VOLUME)

    validate_request.handler(world.step(request), context)

    assert world.find(request).deadline_at == f"2026-11-20T{ends}:00.000Z"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({**INSTANCE, "LaunchSpecification": {"InstanceType": "m3.medium"}}, "AvailabilityZoneNotAllowed"),
        ({**VOLUME, "AvailabilityZone": "us-east-1b"}, "AvailabilityZoneNotAllowed"),
        ({**VOLUME, "Image": {**VOLUME["Image"], "Bytes": 5}}, "DiskSizeMismatch"),
        (
            {**VOLUME, "Image": {"Format": "RAW", "ImportManifestUrl": "s3:///scratch/1.raw"}},
            "SourceInScratch",
        ),
    ],
)
def test_what_cannot_be_imported_is_rejected(
    world: World,
    ec2: ConversionEC2,
    s3: SigningS3,
    context: Any,
    monkeypatch,
    document: dict[str, Any],
    code: str,
):
    world.configure(monkeypatch, VMIE_ALLOWED=json.dumps({"AvailabilityZones": [ZONE]}))
    with pytest.raises(RequestRejected) as raised:
        validate_request.handler(world.step(running(world, document)), context)

    assert raised.value.code == code


def inspection(*sizes: int | None, table: str = "MBR") -> dict[str, Any]:
    return {"Disks": [{"VirtualSize": size, "PartitionTable": table} for size in sizes]}


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (inspection(GIB, 2 * GIB, 3 * GIB + 1), "VolumeTooSmall"),
        (inspection(GIB, GIB, GIB, table="GPT"), "GptBootDisk"),
        (inspection(GIB, 2 * GIB, None), None),
        (inspection(9 * GIB), None),
        (None, None),
    ],
)
def test_disks_that_do_not_fit_or_boot_are_refused_before_the_first_task(
    world: World, ec2: ConversionEC2, s3: SigningS3, found: dict[str, Any] | None, code: str | None
):
    work = world.work(running(world, INSTANCE, inspection=found))
    if code is None:
        ImportInstance().start(work)
        return
    with pytest.raises(RequestRejected) as raised:
        ImportInstance().start(work)

    assert (raised.value.code, ec2.conversions) == (code, {})


def test_a_vm_is_its_boot_disk_then_its_further_disks_then_their_attachment(world: World):
    operations = [stage.operation for stage in plan(running(world, INSTANCE))]

    assert operations == [
        "ImportInstance",
        "ImportVolume",
        "ImportVolume",
        "AttachVolume",
        "AttachVolume",
        "CreateImage",
    ]


def test_a_vm_is_imported_stage_by_stage_and_marked_as_it_comes_to_be(
    world: World, ec2: ConversionEC2, s3: SigningS3, context: Any
):
    request = running(world, INSTANCE)

    def step(handler: Any, **payload: Any) -> Any:
        return handler.handler(world.step(request, **payload), context)

    step(start_task)
    (boot,) = ec2.called("ImportInstance")
    assert len(boot["DiskImages"]) == 1
    assert boot["LaunchSpecification"] == INSTANCE["LaunchSpecification"]
    assert step(poll_task)["Next"] == "wait"
    assert ec2.tags["i-0"]["vmie:workflow"] == "requests"
    assert world.find(request).made.instance_ids == ("i-0",)
    for number, volume_id in enumerate(["vol-boot", "vol-1", "vol-2"]):
        (task_id,) = list(ec2.conversions)[number:]
        ec2.converted(task_id, volume_id)
        assert step(poll_task)["Next"] == "start"
        assert ec2.tags[volume_id]["vmie:request-id"] == request.id
        step(start_task)
    for volume_id in ("vol-1", "vol-2"):
        ec2.volumes[volume_id]["Attachments"][0]["State"] = "attached"
        assert step(poll_task)["Next"] == "start"
        step(start_task)

    assert [each["AvailabilityZone"] for each in ec2.called("ImportVolume")] == [ZONE, ZONE]
    assert ec2.called("AttachVolume") == [
        {"InstanceId": "i-0", "VolumeId": "vol-1", "Device": "/dev/sdf"},
        {"InstanceId": "i-0", "VolumeId": "vol-2", "Device": "/dev/sdg"},
    ]
    (image,) = ec2.called("CreateImage")
    assert (image["InstanceId"], image["Name"]) == ("i-0", "web")
    assert world.find(request).made.volume_ids == ("vol-boot", "vol-1", "vol-2")


@pytest.mark.parametrize(
    ("state", "status"), [("pending", "active"), ("stopping", "active"), ("stopped", "completed")]
)
def test_an_instance_is_there_once_it_has_stopped(
    world: World, ec2: ConversionEC2, s3: SigningS3, state: str, status: str
):
    task_id = ImportInstance().start(world.work(running(world, INSTANCE)))
    ec2.converted(task_id, "vol-1")
    ec2.instance_states["i-0"] = state

    task = ImportInstance().describe(ec2, task_id)

    assert task is not None
    assert task.status == status


@pytest.mark.parametrize(
    ("message", "phase", "progress"),
    [("Pending", "Pending", None), ("Progress: 20%", "Progress", "20"), (None, None, None)],
)
def test_phase_and_percentage_are_told_apart(
    world: World,
    ec2: ConversionEC2,
    s3: SigningS3,
    message: str | None,
    phase: str | None,
    progress: str | None,
):
    task_id = ImportVolume().start(world.work(running(world, VOLUME)))
    ec2.conversions[task_id]["StatusMessage"] = message

    task = ImportVolume().describe(ec2, task_id)

    assert task is not None
    assert (task.phase, task.progress) == (phase, progress)


def test_how_far_a_task_came_is_not_why_it_ended(world: World, ec2: ConversionEC2, s3: SigningS3):
    task_id = ImportInstance().start(world.work(running(world, INSTANCE)))
    ec2.conversions[task_id].update(State="cancelled", StatusMessage="Progress: 20%")
    ec2.conversions[task_id]["ImportInstance"]["Volumes"][0]["StatusMessage"] = "ClientError: Unknown OS"

    task = ImportInstance().describe(ec2, task_id)

    assert task is not None
    assert (task.status, task.phase) == ("deleted", "ClientError: Unknown OS")


def test_a_task_that_ec2_forgot_is_none(ec2: ConversionEC2):
    assert ImportVolume().describe(ec2, "import-vol-gone") is None


def test_a_task_is_found_again_by_its_description_and_nobody_elses(
    world: World, ec2: ConversionEC2, s3: SigningS3
):
    request = running(world, VOLUME)
    work = world.work(request)
    foreign = [
        f"(vmie requests {request.id} 1.00) and more",
        f"(vmie others {request.id} 1.0)",
        f"(vmie requests {request.id} 2.0)",
        f"(vmie requests {request.id} 1.1)",
        f"(vmie requests {request.id}0 1.0)",
        "",
    ]
    for description in foreign:
        ec2.import_volume(AvailabilityZone=ZONE, Image=IMAGE, Volume={"Size": 1}, Description=description)
    assert ImportVolume().find(work) is None

    task_id = ImportVolume().start(work)

    found = ImportVolume().find(work)
    assert found is not None
    assert found.id == task_id


IMAGE = {"Format": "RAW", "Bytes": 1, "ImportManifestUrl": "https://uploads.s3.amazonaws.com/m.xml"}


@pytest.mark.parametrize(
    "words", ["(vmie requests 0a0a 1.0)", "x" * 300, "two\nlines", "", "größe (vmie requests 0a0a 1.0) x"]
)
def test_no_words_of_a_request_pass_for_a_mark(world: World, ec2: ConversionEC2, s3: SigningS3, words: str):
    request = running(world, {**VOLUME, "Description": words})
    ImportVolume().start(world.work(request))

    (parameters,) = ec2.called("ImportVolume")
    assert len(parameters["Description"]) <= 255
    found = ImportVolume().find(world.work(request))
    assert found is not None
    assert found.tags["vmie:request-id"] == request.id


def test_a_second_run_of_the_step_starts_no_second_task(
    world: World, ec2: ConversionEC2, s3: SigningS3, context: Any
):
    request = running(world, VOLUME)
    ImportVolume().start(world.work(request))

    start_task.handler(world.step(request), context)

    assert len(ec2.conversions) == 1
    assert world.find(request).task_id == next(iter(ec2.conversions))


def test_cleaning_up_cancels_the_task_and_takes_instance_volumes_and_manifest_away(
    world: World, ec2: ConversionEC2, s3: SigningS3
):
    request = running(world, INSTANCE)
    task_id = ImportInstance().start(world.work(request))
    ec2.conversions[task_id]["ImportInstance"]["Volumes"][0]["Volume"]["Id"] = "vol-1"
    ec2.volumes["vol-1"] = {"VolumeId": "vol-1", "State": "available", "Attachments": []}

    assert cleaned(world, request, "DeadlineExceeded")

    assert ec2.cancelled == {task_id: "DeadlineExceeded"}
    assert (ec2.instance_states["i-0"], ec2.volumes, s3.objects) == ("terminated", {}, {})


def test_a_task_too_late_to_cancel_ends_before_its_volume_goes(
    world: World, ec2: ConversionEC2, s3: SigningS3, monkeypatch
):
    def refuse(**_: Any) -> None:
        raise refusal("DeleteConversionTaskError", "CancelConversionTask")

    monkeypatch.setattr(ec2, "cancel_conversion_task", refuse)
    request = running(world, VOLUME)
    task_id = ImportVolume().start(world.work(request))

    assert not cleaned(world, request)
    ec2.converted(task_id, "vol-1")
    assert cleaned(world, request)

    assert ec2.volumes == {}


def test_a_cancellation_that_is_refused_for_another_reason_is_repeated(
    world: World, ec2: ConversionEC2, s3: SigningS3, monkeypatch
):
    def refuse(**_: Any) -> None:
        raise refusal("UnauthorizedOperation", "CancelConversionTask", status=403)

    monkeypatch.setattr(ec2, "cancel_conversion_task", refuse)
    request = running(world, VOLUME)
    ImportVolume().start(world.work(request))

    with pytest.raises(ClientError):
        cleaned(world, request)


def test_a_volume_that_a_terminated_instance_still_holds_is_waited_for(
    world: World, ec2: ConversionEC2, s3: SigningS3
):
    ec2.instances.add("i-1")
    ec2.volumes["vol-1"] = {
        "VolumeId": "vol-1",
        "State": "in-use",
        "Attachments": [{"InstanceId": "i-1", "State": "attached"}],
    }
    request = running(world, VOLUME, made=Made(instance_ids=("i-1",), volume_ids=("vol-1",)))

    with pytest.raises(TransientServiceError):
        cleaned(world, request)
    assert ec2.called("DetachVolume") == []
    ec2.volumes["vol-1"]["Attachments"] = []
    assert cleaned(world, request)

    assert ec2.volumes == {}


def test_the_sweep_sees_conversions_only_where_there_can_be_any(
    world: World, ec2: ConversionEC2, s3: SigningS3
):
    request = running(world, VOLUME)
    task_id = ImportVolume().start(world.work(request))

    assert list(active_tasks("import", ec2)) == []
    ((_, task),) = active_tasks("import", ec2, with_conversions=True)
    assert task.id == task_id
    assert task.tags["vmie:workflow"] == "requests"


def sweep(world: World) -> None:
    world.reconciler.run(SOON, sweep=True)


def conclude(world: World, request: Request, status: Status) -> None:
    world.table.update(request.id, {"outcome": {"Status": status.value}})
    world.table.conclude(world.find(request), status=status, now=NOW)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FAILED])
def test_what_a_conversion_made_after_its_request_had_ended_is_removed(
    world: World, ec2: ConversionEC2, s3: SigningS3, status: Status
):
    request = running(world, INSTANCE)
    task_id = ImportInstance().start(world.work(request))
    conclude(world, request, status)
    ec2.converted(task_id, "vol-1")

    sweep(world)

    assert ec2.instance_states["i-0"] == "terminated"
    assert ec2.volumes == {}
    ec2.calls.clear()
    assert world.reconciler.cancel_orphans() == 0, "What is gone keeps no drain waiting"
    assert ec2.calls == []


def test_what_a_request_made_is_nobodys_leftover(world: World, ec2: ConversionEC2, s3: SigningS3, context):
    request = running(world, INSTANCE)
    start_task.handler(world.step(request), context)
    ec2.converted("import-i-0", "vol-boot")
    sweep(world)
    poll_task.handler(world.step(request), context)
    sweep(world)
    conclude(world, request, Status.SUCCEEDED)

    sweep(world)

    assert ec2.instance_states["i-0"] == "stopped"
    assert set(ec2.volumes) == {"vol-boot"}


@pytest.mark.parametrize("ended", [False, True])
def test_the_twin_of_a_conversion_goes_and_the_request_goes_on(
    world: World, ec2: ConversionEC2, s3: SigningS3, context: Any, ended: bool
):
    """The answer of the first call was lost, and EC2 did not show its task when it was made again."""
    request = running(world, INSTANCE)
    ImportInstance().start(world.work(request))  # import-i-0 makes i-0
    twin = ImportInstance().start(world.work(request))  # import-i-1 makes i-1
    world.table.update(request.id, {"task_id": "import-i-0", "changed_at": NOW})
    if ended:
        ec2.converted(twin, "vol-twin")

    sweep(world)
    sweep(world)

    assert ec2.conversions["import-i-0"]["State"] == "active"
    assert (twin in ec2.cancelled) is not ended
    assert ec2.instance_states == {"i-0": "pending", "i-1": "terminated"}
    assert "vol-twin" not in ec2.volumes


def test_a_conversion_whose_request_ended_while_it_was_started_is_cancelled_at_once(
    world: World, ec2: ConversionEC2, s3: SigningS3, context: Any, monkeypatch: pytest.MonkeyPatch
):
    request = running(world, VOLUME)
    start = ec2.import_volume

    def import_volume(**parameters: Any) -> Any:
        conclude(world, request, Status.CANCELLED)
        return start(**parameters)

    monkeypatch.setattr(ec2, "import_volume", import_volume)

    with pytest.raises(RequestFailure, match="RequestNotOpen"):
        start_task.handler(world.step(request), context)

    assert set(ec2.cancelled) == {"import-vol-0"}


def test_a_conversion_of_somebody_else_is_left_alone(world: World, ec2: ConversionEC2, s3: SigningS3):
    ec2.import_volume(AvailabilityZone=ZONE, Image=IMAGE, Volume={"Size": 1}, Description="by hand")
    ec2.converted("import-vol-0", "vol-theirs")

    sweep(world)

    assert set(ec2.volumes) == {"vol-theirs"}


@pytest.mark.parametrize(
    ("allowed", "region", "looks"),
    [
        ({"AvailabilityZones": [ZONE]}, "us-east-1", True),
        ({"AvailabilityZones": ["*"]}, "eu-west-3", False),
        ({}, "us-east-1", False),
    ],
)
def test_an_orphan_is_cancelled_where_the_owner_allows_a_zone(
    world: World,
    ec2: ConversionEC2,
    s3: SigningS3,
    monkeypatch,
    allowed: dict[str, Any],
    region: str,
    looks: bool,
):
    request = running(world, VOLUME)
    task_id = ImportVolume().start(world.work(request))
    world.table.update(request.id, {"outcome": {"Status": "Cancelled"}})
    world.table.conclude(world.find(request), status=request.status, now=NOW)
    world.configure(monkeypatch, VMIE_ALLOWED=json.dumps(allowed), AWS_REGION=region)

    world.reconciler.run(SOON, sweep=True)

    assert (task_id in ec2.cancelled) is looks
