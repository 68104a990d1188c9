"""The end of a request whose stages have all ended."""

import json

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import World
from vmie_runtime.errors import RequestFailure, TagNotSeenYet, TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.request import Request
from vmie_runtime.steps.finish_request import handler

IMAGE = Made(image_ids=("ami-1",), snapshot_ids=("snap-1", "snap-2"))


def finishing(world: World, key: str = "images/web.vmdk", made: Made = IMAGE, **changes) -> Request:
    """A request after its last stage, with what it made in EC2."""
    for image_id in (*made.image_ids, *made.replaced_image_ids):
        replaced = image_id in made.replaced_image_ids
        world.aws.ec2.add_image(image_id, *(made.replaced_snapshot_ids if replaced else made.snapshot_ids))
    world.aws.ec2.snapshots |= set(made.snapshot_ids)
    for volume_id in made.volume_ids:
        world.aws.ec2.volumes[volume_id] = {"VolumeId": volume_id, "State": "available", "Attachments": []}
    return world.running(key, **{"stage": 1, "made": made, "import_task_id": "import-ami-1", **changes})


def raised(error: pytest.ExceptionInfo[RequestFailure]) -> dict:
    return json.loads(str(error.value))


def test_the_ami_and_its_snapshots_are_tagged_and_the_outcome_is_kept(world: World, context):
    request = finishing(world)

    handler(world.step(request), context)

    outcome = world.find(request).outcome
    assert outcome is not None
    assert (outcome["Status"], outcome["ImageId"]) == ("Succeeded", "ami-1")
    assert outcome["SnapshotIds"] == ["snap-1", "snap-2"]
    assert outcome["Images"] == {"us-east-1": "ami-1"}
    assert any("ami-1" in step for step in outcome["NextSteps"])
    assert set(world.aws.ec2.tags) == {"ami-1", "snap-1", "snap-2"}
    assert world.aws.ec2.tags["ami-1"] == {
        "Name": "web.vmdk",
        "vmie:request-id": request.id,
        "vmie:stage": "finished",
        "vmie:workflow": "requests",
        "vmie:source": "s3://uploads/images/web.vmdk",
    }


def test_a_tag_that_policies_do_not_see_yet_fails_no_import(world: World, context):
    request = finishing(world)
    world.aws.ec2.refusals.add("CreateTags", refusal("UnauthorizedOperation", "CreateTags", status=403))

    with pytest.raises(TagNotSeenYet) as error:
        handler(world.step(request), context)
    handler(world.step(request), context)

    assert (raised(error)["Operation"], raised(error)["AwsCode"]) == ("CreateTags", "UnauthorizedOperation")
    assert (world.find(request).outcome or {})["Status"] == "Succeeded"


def test_tags_of_the_owner_go_above_those_of_the_request_and_ours_above_both(world, context, monkeypatch):
    defaults = {"Tags": {"team": "owner", "cost": "1", "vmie:workflow": "forged"}}
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps(defaults))
    options = {"Tags": {"team": "web", "app": "shop"}, "Name": "golden"}
    request = finishing(world, options=options)

    handler(world.step(request), context)

    tags = world.aws.ec2.tags["ami-1"]
    assert (tags["team"], tags["cost"], tags["app"], tags["Name"]) == ("owner", "1", "shop", "golden")
    assert tags["vmie:workflow"] == "requests"


def test_a_snapshot_import_ends_with_its_snapshot(world: World, context):
    request = finishing(world, "snapshots/data.vmdk", Made(snapshot_ids=("snap-1",)))

    handler(world.step(request), context)

    outcome = world.find(request).outcome or {}
    assert outcome["SnapshotIds"] == ["snap-1"]
    assert "ImageId" not in outcome
    assert "Images" not in outcome
    assert world.aws.ec2.tags["snap-1"]["vmie:source"] == "s3://uploads/snapshots/data.vmdk"


def test_a_volume_is_named_by_the_result(world: World, context):
    made = Made(snapshot_ids=("snap-1",), volume_ids=("vol-1",))
    request = finishing(world, "snapshots/data.vmdk", made)

    handler(world.step(request), context)

    assert (world.find(request).outcome or {})["VolumeIds"] == ["vol-1"]
    assert "vol-1" in world.aws.ec2.tags


def test_a_dry_run_succeeds_and_touches_nothing_in_ec2(world: World, context):
    request = world.running(dry_run=True)

    handler(world.step(request), context)

    assert world.find(request).outcome == {"Status": "Succeeded"}
    assert world.aws.ec2.calls == []


def test_what_a_copy_replaced_goes_and_the_copy_stays(world: World, context):
    made = Made(
        image_ids=("ami-copy",),
        snapshot_ids=("snap-copy",),
        replaced_image_ids=("ami-1",),
        replaced_snapshot_ids=("snap-1",),
    )
    request = finishing(world, made=made)

    handler(world.step(request), context)

    assert set(world.aws.ec2.images) == {"ami-copy"}
    assert world.aws.ec2.snapshots == {"snap-copy"}
    assert (world.find(request).outcome or {})["ImageId"] == "ami-copy"


def test_a_finish_killed_after_it_removed_what_was_replaced_finishes(world: World, context):
    made = Made(
        image_ids=("ami-copy",),
        snapshot_ids=("snap-copy",),
        replaced_image_ids=("ami-1",),
        replaced_snapshot_ids=("snap-1",),
    )
    request = finishing(world, made=made)
    world.aws.dynamodb.refuse["UpdateItem"] = [refusal("InternalServerError", "UpdateItem", status=500)]

    with pytest.raises(TransientServiceError):
        handler(world.step(request), context)
    handler(world.step(request), context)

    assert set(world.aws.ec2.images) == {"ami-copy"}
    assert (world.find(request).outcome or {})["Status"] == "Succeeded"


def test_a_snapshot_that_the_request_named_is_neither_tagged_nor_removed(world: World, context):
    """It is somebody's, and an image was made over it."""
    document = {"DiskContainers": [{"SnapshotId": "snap-0123456789abcdef0"}], "Vmie": {"Name": "golden"}}
    given = "snap-0123456789abcdef0"
    made = Made(
        image_ids=("ami-copy",),
        snapshot_ids=("snap-copy",),
        replaced_image_ids=("ami-1",),
        replaced_snapshot_ids=(given,),
    )
    request = finishing(world, "requests/web.json", made, document=document)

    handler(world.step(request), context)

    assert given in world.aws.ec2.snapshots
    assert given not in world.aws.ec2.tags
    assert set(world.aws.ec2.images) == {"ami-copy"}


@pytest.mark.parametrize(("now", "code"), [({"etag": "e2"}, "SourceChanged"), (None, "SourceDeleted")])
def test_an_ami_of_other_bytes_is_no_outcome(world: World, context, now, code):
    request = finishing(world)
    world.aws.s3.heads.clear()
    if now:
        world.aws.s3.add("images/web.vmdk", **now)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert raised(error)["Code"] == code
    assert world.find(request).outcome is None


def test_every_disk_must_be_the_same_at_the_end(world: World, context):
    containers = [{"Format": "raw", "UserBucket": {"S3Key": f"disks/{number}.raw"}} for number in range(3)]
    request = finishing(world, "requests/web.json", document={"DiskContainers": containers})
    world.aws.s3.add("disks/2.raw", version="v2", etag="e2")

    with pytest.raises(RequestFailure, match=r"disks/2\.raw"):
        handler(world.step(request), context)


@pytest.mark.parametrize("key", ["images/web.vmdk", "snapshots/web.vmdk"])
def test_a_task_that_made_nothing_is_lost(world: World, context, key: str):
    request = finishing(world, key, Made())

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert raised(error)["Code"] == "TaskLost"
    assert "import-ami-1" in raised(error)["Message"]


def test_a_finish_that_is_repeated_after_its_end_finds_it_done(world: World, context):
    """A function that was killed after it kept the outcome runs again: the source may be gone by then."""
    request = finishing(world)
    handler(world.step(request), context)
    kept = world.find(request).outcome
    world.aws.s3.heads.clear()

    handler(world.step(request), context)

    assert world.find(request).outcome == kept


def test_an_end_that_was_kept_before_stays(world: World, context, monkeypatch):
    """The reconciler ended the request while this function, of a stopped execution, was under way."""
    request = finishing(world)
    cancelled = {"Status": "Cancelled", "Error": {"Code": "ExecutionStopped"}}
    monkeypatch.setattr(
        world.aws.ec2,
        "create_tags",
        lambda **_: world.table.update(request.id, {"outcome": cancelled}),
    )

    handler(world.step(request), context)

    assert world.find(request).outcome == cancelled


def test_an_ami_that_ec2_does_not_show_yet_is_tagged_later(world: World, context):
    request = finishing(world)
    world.aws.ec2.refusals.add("CreateTags", refusal("InvalidAMIID.NotFound", "CreateTags"))

    with pytest.raises(TransientServiceError):
        handler(world.step(request), context)


def test_a_name_that_no_tag_can_hold_is_made_to_fit(world: World, context):
    request = finishing(world, f"images/{'n' * 300}\n.vmdk")

    handler(world.step(request), context)

    tags = world.aws.ec2.tags["ami-1"]
    assert len(tags["Name"]) == len(tags["vmie:source"]) == 256
    assert tags["Name"].isprintable()
