"""What an export wrote is there and whole."""

from __future__ import annotations

from typing import Any

from vmie_runtime import export_objects
from vmie_runtime.errors import RequestFailure
from vmie_runtime.export_next_steps import after_export
from vmie_runtime.finishing.export_sizes import smallest_export
from vmie_runtime.outcomes import success_outcome
from vmie_runtime.stages.stage import Work


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
        export_objects.exported_file(work.s3, uri, smallest=smallest_export(uri, request.volume_size))
        for uri in request.made.exports
    ]
    export_objects.remove_probes(work.s3, request.made.exports)
    return success_outcome(
        request.made,
        region=work.settings.region,
        exports=files,
        next_steps=after_export(files, work.settings.region),
    )
