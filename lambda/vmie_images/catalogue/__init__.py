"""Every finding by its code: severity, reason, remedy, and what it does to the verdicts.

Codes are contract: a result, an alarm or a runbook may name them.
"""

from vmie_images.catalogue.container_findings import CONTAINER_FINDINGS
from vmie_images.catalogue.disk_findings import DISK_FINDINGS
from vmie_images.catalogue.entry import Effect, Entry, Severity
from vmie_images.catalogue.guest_findings import GUEST_FINDINGS
from vmie_images.catalogue.windows_findings import WINDOWS_FINDINGS

CATALOGUE: dict[str, Entry] = CONTAINER_FINDINGS | DISK_FINDINGS | GUEST_FINDINGS | WINDOWS_FINDINGS

__all__ = ["CATALOGUE", "Effect", "Entry", "Severity"]
