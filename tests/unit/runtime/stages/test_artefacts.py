"""What stages made is removed, and nothing else is."""

from __future__ import annotations

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import World
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.made import Made
from vmie_runtime.stages import artefacts
from vmie_runtime.stages.artefacts import remove

TAGS = {"vmie:request-id": "r", "vmie:workflow": "requests"}
ALL = Made(
    image_ids=("ami-2",),
    snapshot_ids=("snap-2",),
    volume_ids=("vol-1",),
    replaced_image_ids=("ami-1",),
    replaced_snapshot_ids=("snap-1",),
)


def everything(world: World) -> None:
    world.aws.ec2.add_image("ami-1", "snap-1", "snap-unlisted")
    world.aws.ec2.add_image("ami-2", "snap-2")
    world.aws.ec2.volumes["vol-1"] = {"VolumeId": "vol-1", "State": "available", "Attachments": []}
    world.aws.ec2.add_image("ami-theirs", "snap-theirs")


def test_all_of_it_goes_in_an_order_that_ec2_takes(world: World):
    everything(world)

    remove(world.aws.client("ec2"), ALL, TAGS)

    assert set(world.aws.ec2.images) == {"ami-theirs"}
    assert world.aws.ec2.snapshots == {"snap-theirs"}
    assert world.aws.ec2.volumes == {}


def test_a_removal_that_is_repeated_finds_nothing_left(world: World):
    everything(world)
    remove(world.aws.client("ec2"), ALL, TAGS)
    world.aws.ec2.calls.clear()

    remove(world.aws.client("ec2"), ALL, TAGS)

    assert not [name for name, _ in world.aws.ec2.calls if name.startswith("De")]


@pytest.mark.parametrize(
    "operation", ["CreateTags", "DeregisterImage", "DeleteSnapshot", "DeleteVolume", "DescribeImages"]
)
def test_a_removal_cut_short_at_any_call_is_completed_by_the_next(world: World, operation: str):
    everything(world)
    world.aws.ec2.refusals.add(operation, refusal("InternalError", operation, status=500))

    with pytest.raises(TransientServiceError):
        remove(world.aws.client("ec2"), ALL, TAGS)
    remove(world.aws.client("ec2"), ALL, TAGS)

    assert (set(world.aws.ec2.images), world.aws.ec2.volumes) == ({"ami-theirs"}, {})
    # An image that is gone names its snapshots no more: what no task named may stay behind it.
    assert world.aws.ec2.snapshots <= {"snap-theirs", "snap-unlisted"}


def test_what_is_somebody_elses_stays_whatever_names_it(world: World):
    everything(world)

    remove(world.aws.client("ec2"), ALL, TAGS, keep={"snap-1", "snap-unlisted"})

    assert {"snap-1", "snap-unlisted"} <= world.aws.ec2.snapshots
    assert not {"snap-1", "snap-unlisted"} & set(world.aws.ec2.tags)


def test_nothing_made_calls_nobody(world: World):
    remove(world.aws.client("ec2"), Made(), TAGS)

    assert world.aws.ec2.calls == []


def test_a_refusal_is_no_removal(world: World, monkeypatch: pytest.MonkeyPatch):
    everything(world)
    waited: list[float] = []
    monkeypatch.setattr(artefacts, "sleep", waited.append)
    refused = refusal("UnauthorizedOperation", "DeleteSnapshot")
    world.aws.ec2.refusals.add("DeleteSnapshot", *[refused] * 9)

    with pytest.raises(Exception, match="UnauthorizedOperation"):
        remove(world.aws.client("ec2"), ALL, TAGS)

    assert 10 <= sum(waited) <= 20, "A function has a minute"


@pytest.mark.parametrize("operation", ["DeregisterImage", "DeleteSnapshot", "DeleteVolume"])
def test_what_was_tagged_a_moment_ago_goes_once_its_tag_is_seen(world: World, operation: str):
    everything(world)
    world.aws.ec2.refusals.add(operation, refusal("UnauthorizedOperation", operation, status=403))

    remove(world.aws.client("ec2"), ALL, TAGS)

    assert set(world.aws.ec2.images) == {"ami-theirs"}
    assert world.aws.ec2.snapshots == {"snap-theirs"}
    assert world.aws.ec2.volumes == {}


def test_what_another_round_removes_at_the_same_time_is_not_waited_for(world: World, monkeypatch):
    """What is gone has no tag that a policy could allow by: EC2 says that the call is not allowed."""
    everything(world)
    deregister = world.aws.ec2.deregister_image

    def too_late(*, ImageId: str) -> None:
        deregister(ImageId=ImageId)
        raise refusal("UnauthorizedOperation", "DeregisterImage", status=403)

    monkeypatch.setattr(world.aws.ec2, "deregister_image", too_late)
    monkeypatch.setattr(artefacts, "sleep", lambda _: pytest.fail("It waits for what is gone."))

    remove(world.aws.client("ec2"), ALL, TAGS)

    assert set(world.aws.ec2.images) == {"ami-theirs"}
    assert world.aws.ec2.snapshots == {"snap-theirs"}


def test_an_attached_volume_is_detached_and_deleted_later(world: World):
    everything(world)
    world.aws.ec2.volumes["vol-1"]["Attachments"] = [{"InstanceId": "i-1", "State": "attached"}]

    with pytest.raises(TransientServiceError, match="vol-1"):
        remove(world.aws.client("ec2"), ALL, TAGS)
    assert world.aws.ec2.volumes["vol-1"]["Attachments"] == []
    remove(world.aws.client("ec2"), ALL, TAGS)

    assert world.aws.ec2.volumes == {}
