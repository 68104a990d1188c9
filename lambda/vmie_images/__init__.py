"""Reading virtual machine disk images by byte ranges. Imports nothing from AWS.

``inspect_container(source: RangeSource, *, name: str, expected: str | None = None) -> Inspection`` reads
an image and says what it is, what is wrong with it and how it can be imported;
``Inspection.to_document()`` is the document that a result holds. A source is anything with a ``size`` and
a ``read(offset, length)``: ``FileSource`` for a local file.

    with FileSource("web-1.vmdk") as source:
        inspection = inspect_container(source, name="web-1.vmdk", expected="VMDK")
    inspection.verdicts["image"]          # Verdict.ACCEPTED, DOUBTFUL or REJECTED
    inspection.findings                   # worst first; stable codes
"""

from vmie_images.budget import Budget, Cost
from vmie_images.catalogue import CATALOGUE, Severity
from vmie_images.errors import BudgetExceededError, CorruptImageError, ImageError
from vmie_images.findings import Finding, Verdict
from vmie_images.inspected import ImageFile, Inspection
from vmie_images.inspection import inspect_container, inspect_containers
from vmie_images.ranges import FileSource, MemorySource, RangeSource

__all__ = [
    "CATALOGUE",
    "Budget",
    "BudgetExceededError",
    "CorruptImageError",
    "Cost",
    "FileSource",
    "Finding",
    "ImageError",
    "ImageFile",
    "Inspection",
    "MemorySource",
    "RangeSource",
    "Severity",
    "Verdict",
    "inspect_container",
    "inspect_containers",
]
