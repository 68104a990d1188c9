"""AWS CDK constructs for VM Import/Export."""

from .import_bucket import ImportBucket
from .import_workflow import ImportWorkflow
from .requests_table import RequestsTable
from .vm_import_export import VmImportExport
from .vm_import_role import VmImportRole

__all__ = ["ImportBucket", "ImportWorkflow", "RequestsTable", "VmImportExport", "VmImportRole"]
