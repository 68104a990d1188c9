"""VM Import/Export as a part of the local AWS."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vmie_local.blocks import BlockStore
from vmie_local.blocks import part as blocks_part
from vmie_local.disk_images.qemu_img import QemuImg
from vmie_local.ec2_storage import Ec2Storage
from vmie_local.front_door.api_call import ApiCall, Handler
from vmie_local.moto_seams import ec2
from vmie_local.place import Place
from vmie_local.vm_import import imports, request_errors
from vmie_local.vm_import.adapters import CloudFaults, CloudKeys, CloudObjects, CloudRoles, Ec2Registry
from vmie_local.vm_import.conversion import operations as conversion
from vmie_local.vm_import.conversion.adapters import Ec2Machines, EndpointUrls
from vmie_local.vm_import.conversion.task import Conversions
from vmie_local.vm_import.engine import Engine
from vmie_local.vm_import.exports import operations as exports
from vmie_local.vm_import.exports.adapters import CloudBuckets
from vmie_local.vm_import.exports.machines import CloudMachines
from vmie_local.vm_import.exports.surroundings import ExportSurroundings
from vmie_local.vm_import.limits import Limits
from vmie_local.vm_import.operation import Operation
from vmie_local.vm_import.quota import Quota
from vmie_local.vm_import.service_role import ServiceRoles
from vmie_local.vm_import.surroundings import Surroundings

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_log = logging.getLogger(__name__)
HEADERS_ONLY = (
    "qemu-img is not on PATH: imports check the headers of VMDK, VHD, VHDX and OVA images and store no "
    "blocks of them, and exports write RAW only. Install it (Debian: qemu-utils) to have disks converted."
)


class VmImport:
    """Imports, and the snapshots' blocks they make.

    Attributes:
        blocks: The blocks of every snapshot.
        limits: Quotas, which may be changed at any time.
        roles: The service role's rules; `propagation_seconds` may be changed at any time.
        notice: What this part cannot do on this machine, for the banner; None if nothing is missing.
    """

    def __init__(self, cloud: LocalAws) -> None:
        """Register the operations at the front door.

        Args:
            cloud: Its clock, clients, data folder and front door are used.
        """
        self.blocks = BlockStore(cloud.data_dir / "snapshots")
        self.limits = Limits()
        self._scratch = cloud.data_dir / "vm-import"
        self.roles = ServiceRoles(CloudRoles(cloud), mode=cloud.settings.iam)
        decoder = QemuImg.find()
        self.notice = None if decoder else HEADERS_ONLY
        books = imports.Books()
        conversion_books = conversion.Books()
        export_books = exports.Books()
        self._quota = Quota(
            self.limits,
            (
                *(books.images, books.snapshots),
                *(conversion_books.instances, conversion_books.volumes),
                *(export_books.images, export_books.instances),
            ),
        )
        self._engine = Engine(cloud.clock, self._quota.tasks)
        self._surroundings = Surroundings(
            clock=cloud.clock,
            quota=self._quota,
            engine=self._engine,
            roles=self.roles,
            objects=CloudObjects(cloud),
            blocks=self.blocks,
            decoder=decoder,
            registry=Ec2Registry(cloud.clock),
            keys=CloudKeys(),
            faults=CloudFaults(cloud),
            scratch=self._scratch,
        )
        conversions = Conversions(self._surroundings, Ec2Machines(cloud.clock), EndpointUrls(cloud.port))
        self._operations = {
            **imports.operations(self._surroundings, books),
            **conversion.operations(conversions, conversion_books),
            **exports.operations(
                ExportSurroundings(
                    self._surroundings,
                    CloudBuckets(cloud),
                    CloudMachines(cloud, self.blocks),
                    decoder,
                    cloud.settings.iam,
                ),
                export_books,
            ),
        }
        ec2.install(
            ec2.Hooks(
                snapshot_created=self._fill_snapshot,
                snapshot_deleted=self.blocks.remove,
                volume_created=self._fill_volume,
                volume_deleted=self.blocks.remove,
                task_exists=self._require_task,
            )
        )
        self._register(cloud)
        blocks_part.register(cloud, self.blocks)
        self._storage = Ec2Storage(cloud, self.blocks)

    def start(self) -> None:
        """Begin to watch the clock."""
        if self.notice:
            _log.warning(self.notice)
        self._engine.start()

    def stop(self) -> None:
        """End the running work and remove what it left on disk."""
        self._engine.stop()
        self._storage.stop()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self.blocks.clear()

    def _register(self, cloud: LocalAws) -> None:
        for name, operation in self._operations.items():
            cloud.front_door.register("ec2", name, _handler(operation))

    def _fill_volume(self, volume_id: str, size: int, snapshot_id: str | None) -> None:
        if snapshot_id:
            self.blocks.derive(volume_id, size, snapshot_id)

    def _fill_snapshot(self, snapshot_id: str, volume_id: str) -> None:
        volume = self.blocks.find(volume_id)
        if volume:
            self.blocks.derive(snapshot_id, volume.volume_size, volume_id)

    def _require_task(self, account: str, region: str, task_id: str) -> None:
        with self._engine.lock:
            known = [book.find(Place(account, region), task_id) for book in self._quota.books]
        if not any(known):
            raise request_errors.task_unknown(task_id)


def _handler(operation: Operation) -> Handler:
    def handle(call: ApiCall) -> Mapping[str, Any]:
        return operation(Place(call.account, call.region), call.parameters)

    return handle
