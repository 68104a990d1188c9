"""What VM Import/Export says to where a system lies among a machine's disks."""

from __future__ import annotations

from vmie_images.findings import FindingLog
from vmie_images.volumes.volume import Volume


def judge_places(system: Volume, log: FindingLog) -> None:
    """Hold the place of a system against the requirements: it should be on the disk that is started from."""
    places = system.spans or (system.disk_index,)
    if any(place > 0 for place in places):
        listed = " and ".join(f"disk {place + 1}" for place in places)
        log.add("SystemNotOnBootDisk", f"{system.described} with the system is on {listed}")
