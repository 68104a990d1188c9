"""From a document of somebody else to a valid request, or to all that is wrong with it."""

from __future__ import annotations

from typing import Any

from vmie_runtime.request_documents.canonical import canonical
from vmie_runtime.request_documents.disk_rules import check_disks
from vmie_runtime.request_documents.documents import RequestDocument
from vmie_runtime.request_documents.export_rules import check_export
from vmie_runtime.request_documents.image_rules import check_encryption, check_image
from vmie_runtime.request_documents.instance_rules import check_instance
from vmie_runtime.request_documents.json_text import flaws
from vmie_runtime.request_documents.operations import dressed, operation_of, request_shape
from vmie_runtime.request_documents.option_rules import check_options
from vmie_runtime.request_documents.options import IMAGE_IMPORT, IMPORTS, VMIE
from vmie_runtime.request_documents.problems import Code, Problems, shown
from vmie_runtime.request_documents.tag_rules import check_tags
from vmie_runtime.request_documents.validation import validate

_TAKEN_OUT = ("Vmie", "ClientToken", "DryRun", "RoleName")


def read_request(document: Any, *, look_through: bool = True) -> RequestDocument:
    """The request that a document is.

    Args:
        document: Any JSON value, not nested too deep (`require_shallow`).
        look_through: Whether it may have keys named twice or broken text.

    Raises:
        RequestRejected: If it is none; the message names every key at fault.
    """
    problems = Problems()
    if look_through:
        for path, message in flaws(document):
            problems.add(Code.INVALID_JSON, path, message)
    request = dressed(document)
    if not isinstance(request, dict):
        problems.add(
            Code.INVALID_TYPE,
            "input",
            f"Invalid type for parameter input, value: {shown(document)}: a request is an object.",
        )
        raise problems.rejection()
    request = {name: value for name, value in request.items() if name != "$schema"}
    operation = operation_of(request, problems)
    if operation is None:
        if "Vmie" in request:
            validate(request["Vmie"], VMIE, "Vmie", problems)
        raise problems.rejection()
    shape = request_shape(operation)
    validate(request, shape, "", problems)
    read = _taken_apart(operation, canonical(request, shape))
    if problems.well_typed:
        _check_rules(read, problems)
    if problems.found:
        raise problems.rejection()
    return read


def _taken_apart(operation: str, request: dict[str, Any]) -> RequestDocument:
    return RequestDocument(
        operation=operation,
        parameters={name: value for name, value in request.items() if name not in _TAKEN_OUT},
        options=request.get("Vmie", {}),
        role_name=request.get("RoleName"),
        dry_run=request.get("DryRun", False),
        client_token=request.get("ClientToken"),
    )


def _check_rules(read: RequestDocument, problems: Problems) -> None:
    operation, options = read.operation, read.options
    known = request_shape(operation).members
    parameters = {name: value for name, value in read.parameters.items() if name in known}
    check_disks(operation, parameters, options, problems)
    if operation == IMAGE_IMPORT:
        check_image(parameters, options, problems)
    if operation in IMPORTS:
        check_encryption(parameters, problems)
        check_instance(operation, parameters, problems)
    else:
        check_export(operation, parameters, problems)
    check_tags(operation, parameters, options, problems)
    check_options(operation, parameters, options, problems)
