"""The next steps of a result: few, exact, and fitting the guest."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from vmie_runtime.made import Made
from vmie_runtime.next_steps import Imported, after_import, instance_type, of_request
from vmie_runtime.request import Request, Status

_AMI, _SNAPSHOT, _VOLUME, _INSTANCE = "ami-0a1", "snap-0a1", "vol-0a1", "i-0a1"
_UBUNTU: dict[str, Any] = {
    "Family": "linux",
    "Architecture": "x86_64",
    "BootModes": ["uefi", "legacy-bios"],
    "Drivers": {"Ena": True, "Nvme": True},
    "Fstab": [{"Device": "UUID=1", "MountPoint": "/", "Type": "ext4", "OnDisks": True}],
    "VmwareTools": False,
}
_WINDOWS: dict[str, Any] = {
    "Family": "windows",
    "Architecture": "x86_64",
    "BootModes": ["legacy-bios"],
    "Drivers": {"Ena": False, "Nvme": False},
}


def _imported(**changes: Any) -> Imported:
    return Imported(**{"region": "eu-west-1", **changes})


def _text(**changes: Any) -> str:
    return "\n".join(after_import(_imported(**changes)))


def test_an_image_is_launched_with_its_own_id_in_its_own_region() -> None:
    text = _text(image_id=_AMI, snapshot_ids=[_SNAPSHOT], guest=_UBUNTU)
    assert f"aws ec2 --region eu-west-1 run-instances --image-id {_AMI} --instance-type t3.small" in text
    assert "create-volume" not in text


def test_a_copy_is_advised_only_where_no_name_was_asked_for() -> None:
    assert f"copy-image --source-region eu-west-1 --source-image-id {_AMI}" in _text(image_id=_AMI)
    assert "copy-image" not in _text(image_id=_AMI, named=True)
    assert "copy-image" not in _text(image_id=_AMI, converted=False)


@pytest.mark.parametrize(
    ("guest", "converted", "expected"),
    [
        ({}, True, "t3.small"),
        (_UBUNTU, True, "t3.small"),
        ({**_UBUNTU, "Architecture": "arm64"}, False, "t4g.small"),
        ({**_UBUNTU, "Architecture": "i386", "BootModes": ["legacy-bios"]}, True, "t2.small"),
        ({**_UBUNTU, "Drivers": {"Ena": True, "Nvme": False}}, True, "t2.small"),
        ({**_UBUNTU, "Drivers": {"Ena": False}, "BootModes": ["uefi"]}, True, "t3.small"),
        ({**_UBUNTU, "Drivers": {"Ena": None, "Nvme": None}}, True, "t3.small"),
        (_WINDOWS, True, "t3.medium"),
        (_WINDOWS, False, "t2.medium"),
    ],
)
def test_the_instance_type_fits_architecture_drivers_and_boot_mode(
    guest: dict[str, Any], converted: bool, expected: str
) -> None:
    assert instance_type(_imported(image_id=_AMI, guest=guest, converted=converted)) == expected


def test_licences_of_ones_own_are_launched_on_dedicated_hosts() -> None:
    advice = [{"Code": "DedicatedHostsNeeded", "Message": "…", "Remedy": "Allocate hosts."}]
    text = _text(image_id=_AMI, guest=_WINDOWS, advice=advice)
    assert "--instance-type m5.large --key-name KEY_NAME --placement Tenancy=host" in text
    assert "Allocate hosts." in text


def test_advice_that_concerns_the_request_only_is_no_next_step() -> None:
    advice = [{"Code": "LicenceUnnamed", "Message": "…", "Remedy": "Say which."}]
    assert "Say which." not in _text(image_id=_AMI, advice=advice)


def test_missing_drivers_are_named() -> None:
    guest = {**_UBUNTU, "Drivers": {"Ena": False, "Nvme": True}}
    assert "no ENA driver" in _text(image_id=_AMI, guest=guest)
    assert "driver" not in _text(image_id=_AMI, guest=_UBUNTU)
    assert "driver" not in _text(image_id=_AMI, guest=_WINDOWS)
    assert "no NVMe and no ENA driver" in _text(image_id=_AMI, guest=_WINDOWS, converted=False)


def test_disks_that_fstab_misses_are_named() -> None:
    lost = {"Device": "/dev/sdb1", "MountPoint": "/data", "Type": "ext4", "OnDisks": False}
    guest = {**_UBUNTU, "Fstab": [*_UBUNTU["Fstab"], lost]}
    assert "/dev/sdb1 at /data" in _text(image_id=_AMI, guest=guest)
    assert "commented out or with `nofail`" in _text(image_id=_AMI, guest=guest)
    assert "add `nofail`" in _text(image_id=_AMI, guest=guest, converted=False)
    assert "fstab" not in _text(image_id=_AMI, guest=_UBUNTU)


def test_a_guest_that_takes_no_key_is_not_given_one() -> None:
    text = _text(image_id=_AMI, guest={**_UBUNTU, "CloudInit": False})
    assert "--key-name" not in text
    assert "no cloud-init" in text
    for guest in (_WINDOWS, {**_UBUNTU, "CloudInit": True}, {}):
        assert "--key-name KEY_NAME" in _text(image_id=_AMI, guest=guest)


def test_every_step_is_a_sentence_or_a_command_to_its_end() -> None:
    guest = {**_UBUNTU, "CloudInit": False, "Drivers": {"Ena": False, "Nvme": False}, "VmwareTools": True}
    steps = [
        *after_import(_imported(image_id=_AMI, guest=guest)),
        *after_import(_imported(volume_ids=[_VOLUME], attached=True)),
    ]
    assert [step for step in steps if step != step.strip()] == []
    assert [step for step in steps if "aws ec2" not in step and not step.endswith(".")] == []


def test_windows_gets_its_antivirus_back() -> None:
    assert "antivirus" in _text(image_id=_AMI, guest=_WINDOWS)
    assert "antivirus" not in _text(image_id=_AMI, guest=_UBUNTU)


def test_a_snapshot_becomes_a_volume_or_an_image() -> None:
    text = _text(snapshot_ids=[_SNAPSHOT], guest={**_UBUNTU, "Architecture": "arm64"}, converted=False)
    assert f"create-volume --snapshot-id {_SNAPSHOT} " in text
    assert "register-image --name NAME --architecture arm64 --virtualization-type hvm --ena-support" in text
    assert "--boot-mode uefi" in text
    assert f"Ebs={{SnapshotId={_SNAPSHOT}}}" in text
    assert "--ena-support" not in _text(snapshot_ids=[_SNAPSHOT], guest={"Drivers": {"Ena": False}})
    assert "--boot-mode" not in _text(snapshot_ids=[_SNAPSHOT])


def test_a_volume_is_attached_unless_it_is() -> None:
    text = _text(volume_ids=[_VOLUME], snapshot_ids=[_SNAPSHOT])
    assert f"attach-volume --volume-id {_VOLUME} " in text
    assert "create-volume" not in text
    assert "attach-volume" not in _text(volume_ids=[_VOLUME], attached=True)


def test_the_volumes_of_an_instance_are_attached_to_it_already() -> None:
    made = Made(instance_ids=(_INSTANCE,), volume_ids=(_VOLUME, "vol-0a2"))
    request = _request(operation="ImportInstance", method=None, made=made)
    text = "\n".join(of_request(request, "eu-west-1"))
    assert f"start-instances --instance-ids {_INSTANCE}" in text
    assert "attach-volume" not in text


def test_an_instance_is_started() -> None:
    assert f"start-instances --instance-ids {_INSTANCE}" in _text(instance_id=_INSTANCE)


def test_the_steps_are_bounded() -> None:
    guest = {
        **_UBUNTU,
        "Fstab": [{"Device": f"/dev/sd{n}", "MountPoint": f"/{n}", "OnDisks": False} for n in range(64)],
    }
    many = after_import(_imported(snapshot_ids=[f"snap-{n}" for n in range(500)], guest=guest))
    assert len(many) <= 12
    assert "register-image" in many[-1]
    assert all(len(step) < 700 for step in after_import(_imported(image_id=_AMI, guest=guest)))


def _request(**changes: Any) -> Request:
    known = {"id": "r", "source": None, "status": Status.RUNNING, "open_state": None, "queued_at": "t"}
    return Request(**{**known, **changes})


def test_a_requests_own_facts_are_used() -> None:
    inspection = {"Guest": {**_UBUNTU, "Architecture": "arm64"}}
    made = Made(image_ids=("ami-old", _AMI), snapshot_ids=(_SNAPSHOT,))
    steps = of_request(_request(made=made, method="snapshot", inspection=inspection), "eu-west-1")
    assert f"--image-id {_AMI} --instance-type t4g.small" in steps[0]
    assert "copy-image" not in "".join(steps)
    unnamed = "".join(of_request(_request(made=made), "eu-west-1"))
    assert "copy-image" in unnamed
    assert "copy-image" not in "".join(of_request(_request(made=made, options={"Name": "web"}), "eu-west-1"))


def test_a_volume_that_the_request_attached_is_not_attached_again() -> None:
    made = Made(snapshot_ids=(_SNAPSHOT,), volume_ids=(_VOLUME,))
    options: dict[str, Any] = {"CreateVolume": {}, "AttachVolume": {}}
    request = _request(operation="ImportSnapshot", method="snapshot", made=made, options=options)
    assert "attach-volume" not in "".join(of_request(request, "eu-west-1"))


def test_a_dry_run_has_no_next_steps() -> None:
    assert of_request(_request(dry_run=True), "eu-west-1") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"image_id": _AMI, "guest": _UBUNTU},
        {"snapshot_ids": [_SNAPSHOT], "guest": _UBUNTU},
        {"volume_ids": [_VOLUME]},
        {"instance_id": _INSTANCE, "image_id": _AMI},
    ],
)
def test_every_command_is_one_of_ec2s_with_its_options(changes: dict[str, Any]) -> None:
    model = ServiceModel(Loader().load_service_model("ec2", "service-2"))
    operations = {name.lower(): name for name in model.operation_names}
    commands = [
        step[step.index("aws ec2 ") :] for step in after_import(_imported(**changes)) if "aws ec2 " in step
    ]
    assert commands
    for command in commands:
        words = shlex.split(command.split("; or say")[0])
        assert words[:4] == ["aws", "ec2", "--region", "eu-west-1"]
        members = model.operation_model(operations[words[4].replace("-", "")]).input_shape
        assert members is not None
        known = {name.lower() for name in members.members} | {"query", "count"}
        options = [word[2:].replace("-", "") for word in words[5:] if word.startswith("--")]
        assert options and set(options) <= known
