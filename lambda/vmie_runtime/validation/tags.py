"""Whether all the tags of an import fit on what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmie_runtime.errors import RequestRejected
from vmie_runtime.finishing.imports import SOURCE_TAG
from vmie_runtime.stages.stage import ATTEMPT_TAG, REQUEST_ID_TAG, STAGE_TAG, WORKFLOW_TAG

MOST_TAGS = 50
"""Of one resource (EC2 User Guide, "Tag restrictions")."""
PIPELINES_OWN = frozenset({"Name", REQUEST_ID_TAG, ATTEMPT_TAG, STAGE_TAG, WORKFLOW_TAG, SOURCE_TAG})
"""What is tagged beside what request and owner ask for, at the most."""


def require_room_for_tags(
    parameters: Mapping[str, Any], options: Mapping[str, Any], owners: Mapping[str, str]
) -> None:
    """Refuse tags that EC2 would refuse when the import is done, and its image be removed for.

    Args:
        parameters: Of the import.
        options: The request's `Vmie`.
        owners: The tags that the stack's owner configured.

    Raises:
        RequestRejected: `InvalidTag`.
    """
    asked = set(options.get("Tags", {})) | {
        tag["Key"]
        for specification in parameters.get("TagSpecifications", [])
        for tag in specification.get("Tags", [])
    }
    together = asked | owners.keys() | PIPELINES_OWN
    if len(together) <= MOST_TAGS:
        return
    raise RequestRejected(
        "InvalidTag",
        f"The request names {len(asked)} tags (Vmie.Tags, TagSpecifications), the stack {len(owners)} and "
        f"the pipeline {len(PIPELINES_OWN)}, {len(together)} together; EC2 takes {MOST_TAGS} on a resource. "
        f"Leave {len(together) - MOST_TAGS} of the request's out.",
    )
