"""From a request document to what the requests table keeps of it."""

from __future__ import annotations

from typing import Any

from vmie_runtime.errors import RequestRejected
from vmie_runtime.request import Request
from vmie_runtime.request_documents import RequestDocument
from vmie_runtime.source_urls import read_source_url, without_secrets

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
        "parameters": without_urls(document.parameters),
        "options": document.options,
        "role_name": document.role_name,
        "dry_run": document.dry_run,
        "client_token": document.client_token,
    }


def without_urls(parameters: dict[str, Any]) -> dict[str, Any]:
    """A request's parameters with the object beside each container's `Url`, which loses its query.

    What was checked is then what EC2 reads, whatever else a presigned URL says, and no signature is kept. The
    URL that is left says which of the two the request has: `with_buckets` hands EC2 the object alone.
    """
    changed = dict(parameters)
    if "DiskContainers" in changed:
        changed["DiskContainers"] = [_without_url(container) for container in changed["DiskContainers"]]
    if "DiskContainer" in changed:
        changed["DiskContainer"] = _without_url(changed["DiskContainer"])
    return changed


def _without_url(container: dict[str, Any]) -> dict[str, Any]:
    if "Url" not in container:
        return container
    location = read_source_url(container["Url"])
    named = {"S3Bucket": location.bucket, "S3Key": location.key}
    bucket = {name: value for name, value in named.items() if value is not None}
    return {**container, "Url": without_secrets(container["Url"]), "UserBucket": bucket}


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
