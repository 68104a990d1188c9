"""AWS CDK constructs for VM Import/Export."""

from .export_bucket import ExportBucket
from .import_bucket import ImportBucket
from .import_workflow import ImportWorkflow
from .requests_table import RequestsTable
from .vm_import_export import VmImportExport
from .vm_import_role import VmImportRole

__all__ = [
    "ExportBucket",
    "ImportBucket",
    "ImportWorkflow",
    "RequestsTable",
    "VmImportExport",
    "VmImportRole",
]
