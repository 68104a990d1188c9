"""What the services of every kind of task work with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vmie_local.blocks import BlockStore
from vmie_local.clock import Clock
from vmie_local.disk_images.decoding import Decoder
from vmie_local.vm_import.engine import Engine
from vmie_local.vm_import.ports import Faults, Keys, Objects, Registry
from vmie_local.vm_import.quota import Quota
from vmie_local.vm_import.service_role import ServiceRoles


@dataclass(frozen=True)
class Surroundings:
    """The rest of the cloud, as VM Import/Export sees it.

    Attributes:
        clock: The cloud's clock.
        quota: Counts the tasks of every kind.
        engine: Makes tasks go on; its lock guards tasks and books.
        roles: Checks service roles.
        objects: S3.
        blocks: Where the disks of snapshots and volumes lie.
        decoder: Decodes images; None checks headers only.
        registry: EC2's images, snapshots and tags.
        keys: KMS.
        faults: Failures asked for from outside.
        scratch: A folder for what tasks keep on disk while they run.
    """

    clock: Clock
    quota: Quota
    engine: Engine
    roles: ServiceRoles
    objects: Objects
    blocks: BlockStore
    decoder: Decoder | None
    registry: Registry
    keys: Keys
    faults: Faults
    scratch: Path
