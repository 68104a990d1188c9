"""What could not be removed, said to whoever can."""

from __future__ import annotations

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, error_message
from vmie_runtime.checks.advice import Advice
from vmie_runtime.made import Made

_MOST_NAMED = 20


def left_behind(made: Made, error: ClientError) -> dict[str, str]:
    """The advice about resources that AWS would not let us remove.

    Args:
        made: What should have gone; some of it may have.
        error: What AWS said.
    """
    ids = [*made.image_ids, *made.replaced_image_ids, *made.snapshot_ids, *made.replaced_snapshot_ids]
    ids += [*made.volume_ids, *made.instance_ids, *made.exports]
    return Advice(
        code="LeftBehind",
        message=f"Some of {', '.join(ids[:_MOST_NAMED]) or 'what was started'} could not be removed "
        f"({error_code(error)}: {error_message(error)[:500]}).",
        remedy="Remove what keeps it, such as deregistration protection or a snapshot lock, and then what "
        "was left; it carries the tag vmie:request-id.",
    ).to_document()
