"""Which condition keys EC2's operations have on which of their resources."""

from __future__ import annotations

from typing import Any

from tests.unit.local.front_door.calls import call
from vmie_local.front_door.authorization.tables import row_for


def conditions(operation: str, **parameters: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The conditions by action and the last part of the resource."""
    row = row_for("ec2", operation)
    assert row is not None
    return {
        (needed.action, needed.resource.rpartition(":")[2]): dict(needed.context)
        for needed in row(call("ec2", operation, **parameters))
    }


def tagged(kind: str, **tags: str) -> dict[str, Any]:
    return {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def test_request_tags_are_conditions_of_the_resources_that_get_them_and_of_no_other() -> None:
    found = conditions(
        "CopyImage",
        SourceImageId="ami-1",
        SourceRegion="us-east-1",
        TagSpecifications=[tagged("image", team="web"), tagged("snapshot", team="disk")],
    )

    assert found["ec2:CopyImage", "image/ami-1"] == {}
    assert found["ec2:CopyImage", "image/*"]["aws:RequestTag/team"] == "web"
    assert found["ec2:CopyImage", "snapshot/*"]["aws:RequestTag/team"] == "disk"
    assert found["ec2:CreateTags", "snapshot/*"] == {
        "ec2:CreateAction": "CopyImage",
        "aws:TagKeys": ["team"],
        "aws:RequestTag/team": "disk",
    }


def test_an_untagged_import_has_no_request_tags_and_needs_no_permission_to_tag() -> None:
    found = conditions("ImportSnapshot", DiskContainer={"Format": "RAW"})

    assert found == {
        ("ec2:ImportSnapshot", "import-snapshot-task/*"): {},
        ("ec2:ImportSnapshot", "snapshot/*"): {},
        ("iam:PassRole", "role/vmimport"): {},
    }


def test_a_volume_s_size_type_and_snapshot_are_conditions() -> None:
    found = conditions(
        "CreateVolume", AvailabilityZone="us-east-1a", SnapshotId="snap-1", Size=4, VolumeType="gp3"
    )

    assert found["ec2:CreateVolume", "volume/*"] == {
        "ec2:AvailabilityZone": "us-east-1a",
        "ec2:Encrypted": False,
        "ec2:ParentSnapshot": "arn:aws:ec2:us-east-1::snapshot/snap-1",
        "ec2:VolumeSize": 4,
        "ec2:VolumeType": "gp3",
    }
    assert found["ec2:CreateVolume", "snapshot/snap-1"] == {}
