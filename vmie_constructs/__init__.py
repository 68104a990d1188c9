"""AWS CDK constructs for VM Import/Export."""

from .export_bucket import ExportBucket
from .export_workflow import ExportWorkflow
from .import_bucket import ImportBucket
from .import_workflow import ImportWorkflow
from .requests_table import RequestsTable
from .vm_import_export import VmImportExport
from .vm_import_role import VmImportRole

__all__ = [
    "ExportBucket",
    "ExportWorkflow",
    "ImportBucket",
    "ImportWorkflow",
    "RequestsTable",
    "VmImportExport",
    "VmImportRole",
]
