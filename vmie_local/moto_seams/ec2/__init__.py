"""moto's EC2: AMIs, snapshots and volumes that hold bytes and take time, and tags on import tasks.

moto invents a 15 GiB snapshot for every AMI, knows one device per AMI, gives a new instance an 8 GiB disk
whatever its AMI says, and has everything ready at once.
"""

from vmie_local.moto_seams.ec2 import (
    disabled_images,
    images,
    imported_machines,
    instances,
    keys,
    snapshots,
    tags,
    volumes,
)
from vmie_local.moto_seams.ec2.hooks import Hooks, install

SEAMS = (
    *images.SEAMS,
    *disabled_images.SEAMS,
    *snapshots.SEAMS,
    *volumes.SEAMS,
    *keys.SEAMS,
    *tags.SEAMS,
    *instances.SEAMS,
    *imported_machines.SEAMS,
)

__all__ = [
    "SEAMS",
    "Hooks",
    "images",
    "imported_machines",
    "install",
    "instances",
    "keys",
    "snapshots",
    "tags",
    "volumes",
]
