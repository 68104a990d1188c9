"""Our own options, under the key `Vmie` of a request."""

from __future__ import annotations

from dataclasses import dataclass

from vmie_runtime.request_documents.documented import AMI_NAME, AMI_NAME_MEANING
from vmie_runtime.request_documents.shape import Shape, operation_shape, structure

IMAGE_IMPORT, SNAPSHOT_IMPORT = "ImportImage", "ImportSnapshot"
INSTANCE_IMPORT, VOLUME_IMPORT = "ImportInstance", "ImportVolume"
IMAGE_EXPORT, INSTANCE_EXPORT = "ExportImage", "CreateInstanceExportTask"

IMPORTS = (IMAGE_IMPORT, SNAPSHOT_IMPORT, INSTANCE_IMPORT, VOLUME_IMPORT)
OPERATIONS = (*IMPORTS, IMAGE_EXPORT, INSTANCE_EXPORT)

SHORTEST_DEADLINE, LONGEST_DEADLINE = 5 * 60, 36 * 3600


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option.

    Attributes:
        shape: What its value looks like.
        meaning: What it does.
        default: What happens without it.
        operations: The operations it goes with.
    """

    shape: Shape
    meaning: str
    default: str
    operations: tuple[str, ...]


_TEXT = Shape(type="string")
_TEXTS = Shape(type="list", element=_TEXT)

OPTIONS: dict[str, Option] = {
    "Name": Option(
        shape=Shape(type="string", minimum=3, maximum=128, pattern=AMI_NAME, meaning=AMI_NAME_MEANING),
        meaning="Name of the AMI: 3 to 128 letters, digits, spaces and `()[]./-'@_`. ImportImage names its "
        "AMI after the task, so a name means a copy of it; with ImportSnapshot a name asks for an AMI.",
        default="the import task's id; where the pipeline registers the AMI, the disk's file name and the "
        "request's id",
        operations=(IMAGE_IMPORT, SNAPSHOT_IMPORT, INSTANCE_IMPORT),
    ),
    "Method": Option(
        shape=Shape(type="string", values=("auto", "image", "snapshot", "direct")),
        meaning="How the image is made: `image` (ImportImage: EC2 converts the guest), `snapshot` "
        "(ImportSnapshot, then RegisterImage: the guest stays as it is) or `auto` (as the inspection "
        "recommends). `direct` is judged by inspections and not offered by this version.",
        default="`image`",
        operations=(IMAGE_IMPORT,),
    ),
    "Tags": Option(
        shape=Shape(type="map", element=_TEXT),
        meaning="Tags of the AMI, its snapshots, volumes, instance or export task, beside the stack's own; "
        "of a key that both have, the stack's value holds.",
        default="the stack's tags",
        operations=OPERATIONS,
    ),
    "Deadline": Option(
        shape=_TEXT,
        meaning="ISO 8601 duration from admission to the end, `PT5M` to `PT36H`; then the task is cancelled.",
        default="the stack's deadline",
        operations=OPERATIONS,
    ),
    "Attempts": Option(
        shape=Shape(type="integer", minimum=1, maximum=5),
        meaning="Tasks that may be started, 1 to 5: a further one only after a fault of the service, never "
        "after one of the image. Those of a request that starts the state machine share its "
        "execution's time, twice the stack's deadline.",
        default="1",
        operations=OPERATIONS,
    ),
    "Distribution": Option(
        shape=Shape(
            type="structure",
            members={
                "Regions": _TEXTS,
                "AccountIds": Shape(
                    type="list",
                    element=Shape(type="string", pattern="[0-9]{12}", meaning="an account's id (12 digits)"),
                ),
                "OrganizationArns": _TEXTS,
                "Parameter": _TEXT,
            },
        ),
        meaning="Where the AMI is copied to, whom it is shared with, and the SSM parameter that names it. "
        "This version does not distribute: a request that asks for it is rejected.",
        default="the AMI stays in its Region and account",
        operations=(IMAGE_IMPORT, SNAPSHOT_IMPORT, INSTANCE_IMPORT),
    ),
    "SourceOnSuccess": Option(
        shape=Shape(type="string", values=("keep",)),
        meaning="What becomes of the source object; this version keeps it.",
        default="`keep`",
        operations=IMPORTS,
    ),
    "Inspection": Option(
        shape=Shape(type="string", values=("enforce", "advise")),
        meaning="`enforce`: an image that the inspection rejects is not imported. `advise`: the rejection is "
        "noted and the import tried.",
        default="`enforce`",
        operations=IMPORTS,
    ),
    "RegisterImage": Option(
        shape=structure(
            operation_shape("RegisterImage"),
            keep=(
                "Name",
                "Description",
                "Architecture",
                "BootMode",
                "EnaSupport",
                "TpmSupport",
                "ImdsSupport",
                "RootDeviceName",
                "SriovNetSupport",
                "UefiData",
            ),
        ),
        meaning="Parameters of RegisterImage, for the AMI that is made of imported snapshots; with "
        "ImportSnapshot its presence asks for that AMI.",
        default="an image import registers what was inspected; ImportSnapshot registers nothing",
        operations=(IMAGE_IMPORT, SNAPSHOT_IMPORT),
    ),
    "CreateVolume": Option(
        shape=structure(
            operation_shape("CreateVolume"),
            keep=(
                "AvailabilityZone",
                "AvailabilityZoneId",
                "VolumeType",
                "Size",
                "Iops",
                "Throughput",
                "Encrypted",
                "KmsKeyId",
                "MultiAttachEnabled",
                "VolumeInitializationRate",
            ),
        ),
        meaning="Parameters of CreateVolume: an EBS volume is made of the imported snapshot.",
        default="no volume",
        operations=(SNAPSHOT_IMPORT,),
    ),
    "AttachVolume": Option(
        shape=structure(
            operation_shape("AttachVolume"), keep=("InstanceId", "Device"), required=("InstanceId", "Device")
        ),
        meaning="Parameters of AttachVolume: that volume is attached to an instance.",
        default="the volume is left detached",
        operations=(SNAPSHOT_IMPORT,),
    ),
    "CreateImage": Option(
        shape=structure(operation_shape("CreateImage"), keep=("Name", "Description")),
        meaning="Parameters of CreateImage: an AMI is made of the imported instance.",
        default="no AMI",
        operations=(INSTANCE_IMPORT,),
    ),
    "ImportTaskId": Option(
        shape=Shape(
            type="string",
            pattern=r"import-(?:ami|snap)-[0-9a-z]{8,32}",
            meaning="the id of an import task (import-ami-… or import-snap-…)",
        ),
        meaning="A task that was started by hand: it is followed to its end instead of starting one. The "
        "request may leave out what the task was started with.",
        default="a task is started",
        operations=(IMAGE_IMPORT, SNAPSHOT_IMPORT),
    ),
    "AllowReboot": Option(
        shape=Shape(type="boolean"),
        meaning="Whether an instance may be rebooted for its export.",
        default="`false`: an export that may reboot a running instance is refused",
        operations=(IMAGE_EXPORT, INSTANCE_EXPORT),
    ),
}

VMIE = Shape(type="structure", members={name: option.shape for name, option in OPTIONS.items()})
