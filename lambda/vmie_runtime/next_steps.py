"""What a person does with a result: commands of the AWS CLI that run as they are, and what no command does.

Words in capitals stand for a choice of the reader's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vmie_runtime.request import Request

_MOST_STEPS = 12
_MOST_IDS = 5
# What is done with the result, not with the request, of the advice that an import was given.
_FOR_LATER = ("DedicatedHostsNeeded", "RedHatCloudAccess", "SuseBringYourOwnSubscription")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import made.

    Attributes:
        region: Where it is.
        image_id: The AMI.
        snapshot_ids: The snapshots.
        volume_ids: The EBS volumes.
        instance_id: The instance, which ImportInstance leaves stopped.
        attached: Whether the volumes are attached to an instance already.
        converted: Whether VM Import/Export changed the guest so that it boots; a snapshot is taken as it is.
        named: Whether the request gave the AMI its name.
        guest: The inspection's `Guest`; empty where nothing is known.
        advice: What the checks had to say, as documents.
    """

    region: str
    image_id: str | None = None
    snapshot_ids: Sequence[str] = ()
    volume_ids: Sequence[str] = ()
    instance_id: str | None = None
    attached: bool = False
    converted: bool = True
    named: bool = False
    guest: dict[str, Any] = field(default_factory=dict)
    advice: Sequence[dict[str, str]] = ()

    @property
    def is_windows(self) -> bool:
        """Whether the guest is known to be Windows."""
        return self.guest.get("Family") == "windows"

    @property
    def dedicated(self) -> bool:
        """Whether it may run on Dedicated Hosts only."""
        return any(advice.get("Code") == "DedicatedHostsNeeded" for advice in self.advice)

    @property
    def ignores_keys(self) -> bool:
        """Whether nothing in the guest is known to put EC2's key pair in place."""
        return self.guest.get("Family") == "linux" and self.guest.get("CloudInit") is False

    def lacks(self, driver: str) -> bool:
        """Tell whether the guest is known to lack a driver, `Ena` or `Nvme`."""
        return (self.guest.get("Drivers") or {}).get(driver) is False


def of_request(request: Request, region: str) -> list[str]:
    """The next steps of a request that succeeded; none where it started nothing."""
    if request.dry_run:
        return []
    made = request.made
    return after_import(
        Imported(
            region=region,
            image_id=made.image_id,
            snapshot_ids=made.snapshot_ids,
            volume_ids=made.volume_ids,
            instance_id=made.instance_ids[-1] if made.instance_ids else None,
            attached="AttachVolume" in request.options,
            converted=request.operation == "ImportInstance" or request.method == "image",
            named="Name" in request.options or "Name" in request.options.get("RegisterImage", {}),
            guest=(request.inspection or {}).get("Guest") or {},
            advice=request.advice,
        )
    )


def after_import(imported: Imported) -> list[str]:
    """What follows an import: at most a dozen steps, what is made use of first."""
    return list(_steps(imported))[:_MOST_STEPS]


def _steps(imported: Imported) -> Iterator[str]:
    if imported.instance_id:
        yield (
            "Start the instance, which arrives stopped: "
            f"{_ec2(imported)} start-instances --instance-ids {imported.instance_id}"
        )
    if imported.image_id:
        yield from _with_image(imported, imported.image_id)
    elif imported.volume_ids and not imported.instance_id:  # Those of an instance are attached to it.
        yield from _with_volumes(imported)
    elif imported.snapshot_ids:
        yield from _with_snapshots(imported)
    if imported.image_id or imported.instance_id:
        yield from _in_guest(imported)
    yield from (advice["Remedy"] for advice in imported.advice if advice.get("Code") in _FOR_LATER)


def _with_image(imported: Imported, image_id: str) -> Iterator[str]:
    tenancy = " --placement Tenancy=host" if imported.dedicated else ""
    key = "" if imported.ignores_keys else " --key-name KEY_NAME"
    yield (
        f"Launch it: {_ec2(imported)} run-instances --image-id {image_id} "
        f"--instance-type {instance_type(imported)}{key}{tenancy}"
    )
    if imported.converted:
        yield (
            "See what EC2 wrote down of it, and launch UEFI or ENA types only where it says so: "
            f"{_ec2(imported)} describe-images --image-ids {image_id} "
            "--query 'Images[0].[Architecture,BootMode,EnaSupport]'"
        )
    if imported.converted and not imported.named and not imported.instance_id:
        yield (
            f"The AMI is named after its import task. For a name of your own, copy it: {_ec2(imported)} "
            f"copy-image --source-region {imported.region} --source-image-id {image_id} --name NAME; or say "
            "`Vmie.Name` in a request file, next time."
        )


def _with_volumes(imported: Imported) -> Iterator[str]:
    if imported.attached:
        yield (
            "Mount the volume in its instance: `lsblk -f` shows the device; on Windows bring the disk online."
        )
        return
    for volume_id in imported.volume_ids[:_MOST_IDS]:
        yield (
            f"Attach the volume, in its Availability Zone: {_ec2(imported)} attach-volume --volume-id "
            f"{volume_id} --instance-id INSTANCE_ID --device /dev/sdf"
        )


def _with_snapshots(imported: Imported) -> Iterator[str]:
    for snapshot_id in imported.snapshot_ids[:_MOST_IDS]:
        yield (
            f"Make a volume of it: {_ec2(imported)} create-volume --snapshot-id {snapshot_id} "
            "--volume-type gp3 --availability-zone ZONE"
        )
    architecture = imported.guest.get("Architecture") or "x86_64"
    boot_modes = imported.guest.get("BootModes") or []
    boot_mode = f" --boot-mode {boot_modes[0]}" if boot_modes else ""
    ena = "" if imported.lacks("Ena") else " --ena-support"
    yield (
        f"Or, where it is a boot disk, make an AMI of it: {_ec2(imported)} register-image --name NAME "
        f"--architecture {architecture} --virtualization-type hvm{ena}{boot_mode} --root-device-name "
        "/dev/sda1 --block-device-mappings "
        f"DeviceName=/dev/sda1,Ebs={{SnapshotId={imported.snapshot_ids[0]}}}"
    )


def _in_guest(imported: Imported) -> Iterator[str]:
    missing = [name for name, key in (("NVMe", "Nvme"), ("ENA", "Ena")) if imported.lacks(key)]
    if missing and not (imported.is_windows and imported.converted):
        where = (
            "AWS's NVMe and ENA packages for Windows"
            if imported.is_windows
            else "a kernel with the modules nvme and ena in its initramfs"
        )
        yield (
            f"The guest has no {' and no '.join(missing)} driver, and instances of today's (Nitro) types do "
            f"not come up without: install {where}, before it is launched on one."
        )
    if imported.ignores_keys:
        yield (
            "The guest has no cloud-init, so EC2's key pairs do not reach it: log in with its own accounts "
            "and keys."
        )
    lost = [
        f"{entry.get('Device')} at {entry.get('MountPoint')}"
        for entry in imported.guest.get("Fstab") or []
        if entry.get("OnDisks") is False
    ]
    if lost:
        yield (
            f"/etc/fstab names disks that were not imported ({', '.join(lost[:6])}): the import leaves such "
            "lines commented out or with `nofail`. Attach their volumes and put the lines right, by UUID."
            if imported.converted
            else f"/etc/fstab names disks that were not imported ({', '.join(lost[:6])}): add `nofail` or "
            "attach their volumes, or the boot stops for them."
        )
    if imported.is_windows and imported.converted:
        yield (
            "Turn antivirus and intrusion detection back on, which are off for an import, and check that "
            "Windows is activated (`slmgr /dlv`)."
        )
    if imported.guest.get("VmwareTools") is True:
        yield "Uninstall VMware Tools, which is of no use on EC2."


def instance_type(imported: Imported) -> str:
    """A small instance type that fits the guest.

    T3, T4g and M5 are Nitro: UEFI, NVMe and ENA. T2 is Xen: legacy BIOS, 32-bit too, and no driver of AWS's
    needed.
    """
    architecture = imported.guest.get("Architecture")
    modes = imported.guest.get("BootModes") or []
    if architecture == "arm64":
        return "t4g.small"
    needs_xen = architecture == "i386" or imported.lacks("Nvme") or imported.lacks("Ena")
    if (
        needs_xen
        and (not modes or "legacy-bios" in modes)
        and not (imported.is_windows and imported.converted)
    ):
        return "t2.medium" if imported.is_windows else "t2.small"
    if imported.dedicated:
        return "m5.large"
    return "t3.medium" if imported.is_windows else "t3.small"


def _ec2(imported: Imported) -> str:
    return f"aws ec2 --region {imported.region}"
