"""moto's EC2: AMIs and snapshots of our own making, and tags on import tasks.

moto invents a 15 GiB snapshot for every AMI, knows one device per AMI, and gives a new instance an 8 GiB disk
whatever its AMI says.
"""

from vmie_local.moto_seams.ec2 import images, instances, snapshots, tags
from vmie_local.moto_seams.ec2.hooks import Hooks, install

SEAMS = (*images.SEAMS, *snapshots.SEAMS, *tags.SEAMS, *instances.SEAMS)

__all__ = ["SEAMS", "Hooks", "images", "install", "snapshots", "tags"]
