"""EC2 VM Import/Export and the blocks of EBS snapshots."""

from vmie_local.vm_import.part import VmImport

__all__ = ["VmImport"]
