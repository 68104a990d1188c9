"""What exports work with, beside what every task does."""

from __future__ import annotations

from dataclasses import dataclass

from vmie_local.disk_images.encoding import Encoder
from vmie_local.settings import IamMode
from vmie_local.vm_import.exports.ports import Buckets, Machines
from vmie_local.vm_import.surroundings import Surroundings


@dataclass(frozen=True)
class ExportSurroundings:
    """The rest of the cloud, as exports see it.

    Attributes:
        common: What every kind of task works with.
        buckets: S3.
        machines: EC2's images and instances.
        encoder: Writes VMDK and VHD; None writes raw disks only.
        iam: Whether what a bucket grants is enforced.
    """

    common: Surroundings
    buckets: Buckets
    machines: Machines
    encoder: Encoder | None
    iam: IamMode = "enforce"
