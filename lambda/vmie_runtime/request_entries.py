"""From a request document to what the requests table keeps of it."""

from __future__ import annotations

from typing import Any

from vmie_runtime.errors import RequestRejected
from vmie_runtime.request import Request
from vmie_runtime.request_documents import RequestDocument

_OPERATIONS = {
    "import": ("ImportImage", "ImportSnapshot", "ImportInstance", "ImportVolume"),
    "export": ("ExportImage", "CreateInstanceExportTask"),
}
# How an image is imported where the request does not say.
_METHODS = {"ImportImage": "image", "ImportSnapshot": "snapshot"}


def request_fields(document: RequestDocument) -> dict[str, Any]:
    """The fields of a `Request` that its document decides."""
    return {
        "operation": document.operation,
        "method": document.options.get("Method") or _METHODS.get(document.operation),
        "parameters": document.parameters,
        "options": document.options,
        "role_name": document.role_name,
        "dry_run": document.dry_run,
        "client_token": document.client_token,
    }


def merged_document(request: Request, defaults: dict[str, Any]) -> RequestDocument:
    """The request as it is going to be started: the owner's defaults under its own parameters.

    Args:
        request: The request.
        defaults: What the stack's owner configured, in ImportImage's terms, and `Tags`.
    """
    defaults = {name: value for name, value in defaults.items() if name != "Tags"}
    if "UsageOperation" in request.parameters:  # Takes the place of a licence type; EC2 refuses both.
        defaults.pop("LicenseType", None)
    return RequestDocument(
        operation=request.operation,
        parameters={**defaults, **request.parameters},
        options=request.options,
        role_name=request.role_name,
    )


def require_operation_of(workflow: str, document: RequestDocument) -> None:
    """Refuse a request that the other workflow is for.

    Args:
        workflow: `import` or `export`.
        document: The request.

    Raises:
        RequestRejected: If it asks for an operation of the other one.
    """
    if document.operation not in _OPERATIONS[workflow]:
        other = "export" if workflow == "import" else "import"
        raise RequestRejected(
            "WrongWorkflow",
            f"The request asks for {document.operation}; this is the {workflow} bucket or state machine.",
            operation=document.operation,
            other=other,
        )
