"""What an export wrote is there and whole."""

from __future__ import annotations

from typing import Any

from vmie_runtime import export_objects
from vmie_runtime.errors import RequestFailure
from vmie_runtime.export_next_steps import after_export
from vmie_runtime.outcomes import success_outcome
from vmie_runtime.request import Request
from vmie_runtime.stages.stage import Work

_GIB = 2**30


def finish_export(work: Work) -> dict[str, Any]:
    """Look at the files, whatever EC2 says of the task, and remove the service's probe.

    Returns:
        The outcome.

    Raises:
        RequestFailure: If a file is missing or too small.
    """
    request = work.request
    if not request.dry_run and not request.made.exports:
        raise RequestFailure(
            "ExportedFileMissing", f"The task {request.export_task_id} ended and names no file."
        )
    files = [
        export_objects.exported_file(work.s3, uri, smallest=_smallest(request))
        for uri in request.made.exports
    ]
    export_objects.remove_probes(work.s3, request.made.exports)
    return success_outcome(
        request.made,
        region=work.settings.region,
        exports=files,
        next_steps=after_export(files, work.settings.region),
    )


def _smallest(request: Request) -> int:
    """Bytes that an exported file has at least: raw is the whole volume, other formats leave out zeros."""
    if str(request.parameters.get("DiskImageFormat")).upper() == "RAW" and request.volume_size is not None:
        return request.volume_size * _GIB
    return 1
