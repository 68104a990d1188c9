"""What is decided and refused once an inspection has ended, before the first call that starts something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vmie_runtime.aws import client
from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.conversion_tasks import require_fitting_volumes
from vmie_runtime.checks.examination import examine_guest
from vmie_runtime.checks.volume_sizes import require_fit
from vmie_runtime.inspections import decide_method, require_accepted
from vmie_runtime.request import Request
from vmie_runtime.request_documents.disk_rules import check_snapshot_disks
from vmie_runtime.request_documents.image_rules import check_boot_mode, check_snapshot_method
from vmie_runtime.request_documents.problems import Problems
from vmie_runtime.request_documents.registration_rules import check_registered
from vmie_runtime.request_entries import merged_document
from vmie_runtime.stages.adoption import Adopt
from vmie_runtime.stages.containers import containers_of, given_snapshots
from vmie_runtime.stages.images import registered_as
from vmie_runtime.stages.plan import stages_of
from vmie_runtime.validation.given_snapshots import require_encrypted
from vmie_runtime.wiring import requests_table, settings

_OF_CONVERSIONS = ("ImportInstance", "ImportVolume")
# What a request takes from the stack's defaults that its rejection may be about.
_NAMED = ("Architecture", "BootMode", "Platform")
_NOT_INSPECTED = Advice(
    code="NotInspected",
    message="The inspection of the image did not end: what EC2 may refuse is not known beforehand.",
    remedy="Nothing, where the import succeeds. Otherwise inspect a copy with `vmie-inspect FILE`.",
).to_document()


def settled(request: Request, inspection: dict[str, Any] | None, *, now: str) -> Request:
    """Decide how an import is done, and refuse what is known to fail; a dry run too.

    Args:
        request: The request, at its first stage, which has not begun.
        inspection: The inspection's document. None where there was nothing to look at, or where it did not
            end: then what an earlier attempt found counts, or what the request says by itself.
        now: The moment, ISO 8601 in UTC.

    Returns:
        The request with its inspection, method and advice, which are written down.

    Raises:
        RequestRejected: If it cannot be done.
        RequestFailure: If EC2 does not show a snapshot that the request names.
    """
    found = inspection or request.inspection
    method = decide_method(request, found or {})
    if (found, method) != (request.inspection, request.method):
        request = replace(request, inspection=found, method=method)
        requests_table().update(request.id, {"inspection": found, "method": method})
    if found is not None:
        require_accepted(request, found)
    require_startable(request)
    noted = [_NOT_INSPECTED] if found is None and request.disks else []
    noted += _of_guest(request, now)
    new = [each for each in noted if each not in request.advice]
    if not new:
        return request
    advice = [*request.advice, *new]
    requests_table().update(request.id, {"advice": advice})
    return replace(request, advice=advice)


def require_startable(request: Request) -> None:
    """Refuse what the calls of a request are known to refuse, some of them after an hour's import.

    Args:
        request: The request, its method decided and its inspection in it.

    Raises:
        RequestRejected: If one of its calls would be refused.
        RequestFailure: If EC2 does not show a snapshot that it names.
    """
    defaults = settings().import_defaults
    parameters = merged_document(request, defaults).parameters
    operations = {stage.operation for stage in stages_of(request) if not isinstance(stage, Adopt)}
    _require_sound(request, parameters, operations)
    if request.operation in _OF_CONVERSIONS:
        require_fitting_volumes(request.operation, request.parameters, request.inspection)
    if "CreateVolume" in operations and "Size" in request.options["CreateVolume"]:
        disks = (request.inspection or {}).get("Disks", [])
        size = disks[0]["VirtualSize"] if disks else None
        require_fit("Vmie.CreateVolume.Size", request.options["CreateVolume"]["Size"], size)
    if "RegisterImage" in operations and parameters.get("Encrypted") is True:
        require_encrypted(client("ec2"), given_snapshots(request.parameters))


def _require_sound(request: Request, parameters: dict[str, Any], operations: set[str]) -> None:
    """Hold the parameters against one another once more: the defaults and the inspection have added some."""
    problems = Problems()
    if "ImportImage" in operations:
        check_boot_mode(parameters, problems)
    if request.options.get("Method") == "auto" and request.method == "snapshot":
        check_snapshot_method(request.parameters, problems, recommended=True)
        check_snapshot_disks(request.parameters["DiskContainers"], problems)
    if "RegisterImage" in operations:
        check_registered(
            registered_as(request, settings().import_defaults),
            request.options.get("RegisterImage", {}),
            containers_of(request.operation, request.parameters),
            problems,
        )
    if problems.found:
        taken = {name: parameters[name] for name in _NAMED if name in parameters.keys() - request.parameters}
        raise problems.rejection(
            "The stack's defaults give " + ", ".join(f"{name} {value}" for name, value in taken.items()) + "."
            if taken
            else ""
        )


def _of_guest(request: Request, now: str) -> list[dict[str, str]]:
    """What the guest, as far as it is known, gives reason to say."""
    if request.inspection is None and "ImportTaskId" in request.options:
        return []  # Who started the task by hand has said all there is to say, and not here.
    advice = examine_guest(
        "ImportSnapshot" if request.method == "snapshot" else request.operation,
        merged_document(request, settings().import_defaults).parameters,
        (request.inspection or {}).get("Guest"),
        region=settings().region,
        now=now,
    )
    return [each.to_document() for each in advice]
