"""What an inspection decides about a request: its method, and whether it is worth trying."""

from __future__ import annotations

from typing import Any

from vmie_runtime.errors import RequestRejected
from vmie_runtime.request import Request

_REJECTED = "rejected"
# Whose verdict counts for an operation without a method: a volume holds any bytes, and nobody converts them.
_VERDICTS = {"ImportVolume": "snapshot"}


def decide_method(request: Request, inspection: dict[str, Any]) -> str | None:
    """The method of a request: what it asks for or, where it leaves that open, what was recommended."""
    if request.method != "auto":
        return request.method
    recommended = (inspection.get("Recommendation") or {}).get("Method")
    return recommended if recommended in ("image", "snapshot") else "image"


def require_accepted(request: Request, inspection: dict[str, Any]) -> None:
    """Refuse what the inspection has shown to fail; doubt refuses nothing.

    Raises:
        RequestRejected: If the request's method is rejected and the request does not want to try anyway.
    """
    if request.options.get("Inspection") == "advise":
        return
    verdict = request.method or _VERDICTS.get(request.operation, "image")
    if inspection["Verdicts"].get(verdict) != _REJECTED:
        return
    findings = inspection["Findings"]
    reason = next((finding for finding in findings if verdict in finding.get("Rejects", ())), findings[0])
    raise RequestRejected(
        reason["Code"],
        f"{_name(request, reason)} cannot be imported: {reason['Found']}.",
        Finding={"Why": reason["Why"], "Remedy": reason["Remedy"]},
    )


def _name(request: Request, finding: dict[str, Any]) -> str:
    """The file that a finding is about; of several disks the one that it names."""
    keys = [disk["Key"] for disk in request.disks]
    if not keys:
        return request.label
    named = [key for key in keys if key.rsplit("/", 1)[-1] == finding.get("Disk")]
    return repr((named or keys)[0])
