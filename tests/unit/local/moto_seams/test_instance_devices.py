from __future__ import annotations

from typing import Any

import pytest

from vmie_local.moto_seams.ec2.instances import merged

ROOT: dict[str, Any] = {
    "DeviceName": "/dev/xvda",
    "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8, "VolumeType": "gp2"},
}
DATA = {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 2, "VolumeType": "gp3"}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], [ROOT, DATA]),
        ([{"DeviceName": "/dev/sdb", "NoDevice": ""}], [ROOT]),
        ([{"DeviceName": "/dev/sdc", "NoDevice": ""}], [ROOT, DATA]),
        (
            [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}}],
            [{"DeviceName": "/dev/xvda", "Ebs": {**ROOT["Ebs"], "VolumeSize": 20}}, DATA],
        ),
        (
            [{"DeviceName": "/dev/sdc", "Ebs": {"VolumeSize": 1}}],
            [ROOT, DATA, {"DeviceName": "/dev/sdc", "Ebs": {"VolumeSize": 1}}],
        ),
        ([{"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"}], [ROOT, DATA]),
    ],
)
def test_a_launch_changes_the_image_s_devices_by_name(
    changes: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert merged([ROOT, DATA], changes) == expected


def test_the_image_keeps_its_own_devices() -> None:
    merged([ROOT], [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}}])[0]["Ebs"]["SnapshotId"] = "x"

    assert ROOT["Ebs"] == {"SnapshotId": "snap-1", "VolumeSize": 8, "VolumeType": "gp2"}
