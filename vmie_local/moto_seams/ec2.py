"""moto's EC2: AMIs and snapshots of our own making, and tags on import tasks.

moto invents a 15 GiB snapshot for every AMI, knows one device per AMI, and gives a new instance an 8 GiB disk
whatever its AMI says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vmie_local.front_door.api_call import ApiError
from vmie_local.moto_seams.seam import Seam, replace, resolve

UNKNOWN_VOLUME = "vol-ffffffff"
"""The VolumeId of a snapshot that no volume of the account was behind."""

_PREFIXES = Seam("moto.ec2.utils:EC2_RESOURCE_TO_PREFIX", "tags of import tasks need a resource type")
_RESOURCES = Seam("moto.ec2.utils:EC2_PREFIX_TO_RESOURCE", "tags of import tasks need a resource type")
_GET_PREFIX = Seam(
    "moto.ec2.utils:get_prefix", "knows a prefix up to the first hyphen only", ("resource_id",)
)
_GET_PREFIX_OF_TAGS = Seam("moto.ec2.models.tags:get_prefix", "the same, imported by name", ("resource_id",))
_DELETE_SNAPSHOT = Seam(
    "moto.ec2.models.elastic_block_store:EBSBackend.delete_snapshot",
    "the blocks of a deleted snapshot have to go too",
    ("self", "snapshot_id"),
)
_DEFAULT_DISKS = Seam(
    "moto.ec2.models.instances:Instance.setup_defaults",
    "an instance's disks come from its AMI's snapshots",
    ("self",),
)
_TASKS_EXIST = Seam(
    "moto.ec2.models:EC2Backend.do_resources_exist",
    "CreateTags on a task that does not exist",
    ("self", "resource_ids"),
)
SEAMS = (
    _PREFIXES,
    _RESOURCES,
    _GET_PREFIX,
    _GET_PREFIX_OF_TAGS,
    _DELETE_SNAPSHOT,
    _DEFAULT_DISKS,
    _TASKS_EXIST,
    Seam("moto.ec2.models:ec2_backends", "AMIs, snapshots and tags live in these"),
    Seam(
        "moto.ec2.models.amis:Ami.__init__",
        "our AMIs are subclasses",
        (
            "self",
            "ec2_backend",
            "ami_id",
            "instance",
            "source_ami",
            "name",
            "description",
            "owner_id",
            "owner_alias",
            "public",
            "virtualization_type",
            "architecture",
            "state",
            "creation_date",
            "platform",
            "image_type",
            "image_location",
            "hypervisor",
            "root_device_type",
            "root_device_name",
            "sriov",
            "region_name",
            "snapshot_description",
            "product_codes",
            "boot_mode",
            "tags",
        ),
    ),
    Seam("moto.ec2.models.amis:Ami.block_device_mappings", "one invented device of 15 GiB"),
    Seam(
        "moto.ec2.models.elastic_block_store:Snapshot.__init__",
        "snapshots are made without a volume",
        (
            "self",
            "ec2_backend",
            "snapshot_id",
            "volume",
            "description",
            "encrypted",
            "kms_key_id",
            "owner_id",
            "from_ami",
        ),
    ),
    Seam("moto.ec2.utils:random_ami_id", "ids of AMIs", ()),
    Seam("moto.kms.models:kms_backends", "which keys can encrypt"),
)

TASK_PREFIXES = {
    "import-ami": "import-image-task",
    "import-snap": "import-snapshot-task",
    "export-ami": "export-image-task",
    "export-i": "export-instance-task",
}
"""The prefixes of task ids and their resource types (Service Authorization Reference)."""


@dataclass(frozen=True)
class BlockDevice:
    """One device of an AMI: its name and its snapshot."""

    name: str
    snapshot_id: str


@dataclass(frozen=True)
class _NoVolume:
    """Stands where moto wants the volume that a snapshot was made of."""

    size: int
    encrypted: bool = False
    id: str = UNKNOWN_VOLUME


class _RootSnapshot:
    """What moto's constructor of an AMI sees of EC2: the snapshot it makes is ours."""

    def __init__(self, account_id: str, snapshot: Any) -> None:
        self.account_id = account_id
        self._snapshot = snapshot

    def create_volume(self, **_: Any) -> Any:
        return _NoVolume(self._snapshot.volume_size)

    def create_snapshot(self, *_: Any, **__: Any) -> Any:
        return self._snapshot

    def delete_volume(self, _: str) -> None:
        """Nothing was made."""


def install(snapshot_deleted: Callable[[str], None], task_exists: Callable[[str, str, str], None]) -> None:
    """Teach moto what it lacks.

    Args:
        snapshot_deleted: Told the id of every snapshot that is deleted.
        task_exists: Asked with account, Region and id when a task is to be tagged; raises `ApiError` if there is none.
    """
    resolve(_PREFIXES).update({kind: prefix for prefix, kind in TASK_PREFIXES.items()})
    resolve(_RESOURCES).update(TASK_PREFIXES)
    replace(_GET_PREFIX, _prefix_of_tasks)
    replace(_GET_PREFIX_OF_TAGS, _prefix_of_tasks)
    replace(_DEFAULT_DISKS, _disks_of_ami)

    def tell(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
        def delete_snapshot(self: Any, snapshot_id: str) -> Any:
            deleted = original(self, snapshot_id)
            snapshot_deleted(snapshot_id)
            return deleted

        return delete_snapshot

    replace(_DELETE_SNAPSHOT, tell)

    def ask(original: Callable[[Any, list[str]], bool]) -> Callable[[Any, list[str]], bool]:
        def do_resources_exist(self: Any, resource_ids: list[str]) -> bool:
            for resource_id in resource_ids:
                if _task_prefix(resource_id):
                    _require_task(task_exists, self.account_id, self.region_name, resource_id)
            return original(self, resource_ids)

        return do_resources_exist

    replace(_TASKS_EXIST, ask)


def encrypts_by_default(account: str, region: str) -> bool:
    """Whether EBS encryption by default is on."""
    return bool(_backend(account, region).ebs_encryption_by_default)


def find_snapshot(account: str, region: str, snapshot_id: str) -> dict[str, Any] | None:
    """What there is to know about a snapshot, or None if there is none."""
    snapshot = _backend(account, region).snapshots.get(snapshot_id)
    if snapshot is None:
        return None
    return {
        "id": snapshot_id,
        "volume_size": int(snapshot.volume_size),
        "status": snapshot.status,
        "description": snapshot.description or "",
        "encrypted": bool(snapshot.encrypted),
        "kms_key_id": snapshot.kms_key_id,
    }


def snapshot_size(account: str, region: str, snapshot_id: str) -> int | None:
    """The GiB of a snapshot, or None if there is none."""
    snapshot = _backend(account, region).snapshots.get(snapshot_id)
    return int(snapshot.volume_size) if snapshot else None


def add_snapshot(
    account: str,
    region: str,
    snapshot_id: str,
    *,
    volume_size: int,
    description: str,
    encrypted: bool = False,
    kms_key_id: str | None = None,
    status: str = "completed",
    at: float,
) -> None:
    """Show a snapshot.

    Args:
        account: Its owner.
        region: Its Region.
        snapshot_id: `snap-…`.
        volume_size: GiB.
        description: Its description.
        encrypted: Whether it is encrypted.
        kms_key_id: With which key. Default: the account's default key for EBS.
        status: `pending`, `completed` or `error`.
        at: When it was started, in seconds since 1970.
    """
    from moto.ec2.models.elastic_block_store import Snapshot

    backend = _backend(account, region)
    if encrypted and not kms_key_id:
        kms_key_id = backend.default_kms_key_id or backend.modify_ebs_default_kms_key_id("")
    snapshot = Snapshot(
        backend,
        snapshot_id,
        volume=_NoVolume(volume_size, encrypted),
        description=description,
        encrypted=encrypted,
        kms_key_id=kms_key_id,
    )
    snapshot.status, snapshot.start_time = status, _moment(at)
    backend.snapshots[snapshot_id] = snapshot


def set_snapshot_status(account: str, region: str, snapshot_id: str, status: str) -> None:
    """Change a snapshot's status; nothing happens if it is gone."""
    snapshot = _backend(account, region).snapshots.get(snapshot_id)
    if snapshot:
        snapshot.status = status


def remove_snapshot(account: str, region: str, snapshot_id: str) -> None:
    """Make a snapshot disappear, in use or not."""
    _backend(account, region).snapshots.pop(snapshot_id, None)


def add_image(
    account: str,
    region: str,
    *,
    devices: Sequence[BlockDevice],
    name: str,
    description: str,
    architecture: str,
    boot_mode: str,
    windows: bool = False,
    platform_details: str = "Linux/UNIX",
    usage_operation: str = "RunInstances",
    at: float,
) -> str:
    """Show an AMI.

    Args:
        account: Its owner.
        region: Its Region.
        devices: Its disks, the root device first; their snapshots exist.
        name: Its name.
        description: Its description.
        architecture: `x86_64` or `i386`.
        boot_mode: `legacy-bios` or `uefi`.
        windows: Whether its platform is Windows.
        platform_details: As EC2 bills it.
        usage_operation: As EC2 bills it.
        at: When it was made, in seconds since 1970.

    Returns:
        Its id.
    """
    from moto.ec2.models.amis import Ami
    from moto.ec2.utils import random_ami_id

    backend = _backend(account, region)
    snapshots = [backend.snapshots[device.snapshot_id] for device in devices]

    class RegisteredImage(Ami):  # type: ignore[misc]
        """An AMI with the devices it was registered with."""

        @property
        def block_device_mappings(self) -> list[dict[str, Any]]:
            return [_mapping(device, snapshot) for device, snapshot in zip(devices, snapshots, strict=True)]

    ami_id = str(random_ami_id())
    image = RegisteredImage(
        _RootSnapshot(account, snapshots[0]),
        ami_id,
        name=name,
        description=description,
        virtualization_type="hvm",
        architecture=architecture,
        platform="windows" if windows else None,
        image_location=f"{account}/{name}",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=devices[0].name,
        boot_mode=boot_mode,
        creation_date=_moment(at),
    )
    image.ec2_backend = backend
    image.platform_details, image.usage_operation = platform_details, usage_operation
    image.ena_support = True
    for snapshot in snapshots:
        snapshot.from_ami = ami_id
    backend.amis[ami_id] = image
    return ami_id


def tags_of(account: str, region: str, resource_id: str) -> dict[str, str]:
    """The tags of a resource."""
    return dict(_backend(account, region).tags.get(resource_id, {}))


def tag(account: str, region: str, resource_id: str, tags: Mapping[str, str]) -> None:
    """Add tags to a resource."""
    if tags:
        _backend(account, region).create_tags([resource_id], dict(tags))


def untag(account: str, region: str, resource_id: str) -> None:
    """Forget the tags of a resource."""
    _backend(account, region).tags.pop(resource_id, None)


def key_is_enabled(account: str, region: str, key_id: str) -> bool:
    """Whether a KMS key (id, ARN or alias) exists in a Region and is enabled."""
    from moto.kms.models import kms_backends

    if key_id.startswith("arn:") and key_id.split(":")[3] != region:
        return False
    backend = kms_backends[account][region]
    try:
        key = backend.describe_key(key_id)
    except (KeyError, AttributeError):  # no such key, no such alias
        return False
    return bool(key.key_state == "Enabled")


def _mapping(device: BlockDevice, snapshot: Any) -> dict[str, Any]:
    return {
        "DeviceName": device.name,
        "Ebs": {
            "DeleteOnTermination": False,
            "Encrypted": snapshot.encrypted,
            "SnapshotId": snapshot.id,
            "VolumeSize": snapshot.volume_size,
            "VolumeType": "gp2",
        },
    }


def _moment(at: float) -> datetime:
    """A moment as moto keeps it: UTC without saying so."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)


def _task_prefix(resource_id: str) -> str | None:
    return next((prefix for prefix in TASK_PREFIXES if resource_id.startswith(f"{prefix}-")), None)


def _require_task(
    task_exists: Callable[[str, str, str], None], account: str, region: str, task_id: str
) -> None:
    from moto.ec2.exceptions import EC2ClientError

    try:
        task_exists(account, region, task_id)
    except ApiError as error:
        raise EC2ClientError(error.code, error.message) from error


def _prefix_of_tasks(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def get_prefix(resource_id: str) -> Any:
        return _task_prefix(resource_id) or original(resource_id)

    return get_prefix


def _disks_of_ami(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def setup_defaults(self: Any) -> None:
        image = self.ec2_backend.amis.get(self.image_id)
        if image is None:
            original(self)
            return
        for mapping in image.block_device_mappings:
            ebs = mapping["Ebs"]
            known = ebs["SnapshotId"] in self.ec2_backend.snapshots
            self.add_block_device(
                ebs["VolumeSize"],
                mapping["DeviceName"],
                ebs["SnapshotId"] if known else None,
                ebs.get("Encrypted", False),
                ebs["DeleteOnTermination"],
                None,
                volume_type=ebs["VolumeType"],
            )

    return setup_defaults


def _backend(account: str, region: str) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[account][region]
