"""EC2's rules for tags, and what the pipeline keeps for itself.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from vmie_runtime.request_documents.options import (
    IMAGE_EXPORT,
    IMAGE_IMPORT,
    INSTANCE_EXPORT,
    SNAPSHOT_IMPORT,
)
from vmie_runtime.request_documents.problems import Code, Problems, shown

# EC2 allows 50 tags; ten are left to the pipeline and to the organisation's own automation.
MAX_TAGS = 40
MAX_KEY, MAX_VALUE = 128, 256
RESERVED = ("aws:", "vmie:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# Operation -> the only resource type that its TagSpecifications take.
TAGGED = {
    IMAGE_IMPORT: "import-image-task",
    SNAPSHOT_IMPORT: "import-snapshot-task",
    IMAGE_EXPORT: "export-image-task",
    INSTANCE_EXPORT: "export-instance-task",
}


def check_tags(
    operation: str, parameters: dict[str, Any], options: dict[str, Any], problems: Problems
) -> None:
    """Check the tags of the task, and those of what it makes."""
    _check(
        ((f"Vmie.Tags.{shown(key)}", key, value) for key, value in options.get("Tags", {}).items()),
        "Vmie.Tags",
        problems,
    )
    named = set(options.get("Tags", {}))
    for index, specification in enumerate(parameters.get("TagSpecifications", ())):
        at = f"TagSpecifications[{index}]"
        kind = specification.get("ResourceType")
        if kind is not None and kind != TAGGED.get(operation):
            problems.add(
                Code.INVALID_VALUE,
                f"{at}.ResourceType",
                f"Invalid value for parameter {at}.ResourceType, value: {shown(kind)}, must be: "
                f"{TAGGED.get(operation)}. Tags of the image and its snapshots go into Vmie.Tags.",
            )
        tags = specification.get("Tags", ())
        _check(
            (
                (f"{at}.Tags[{number}]", tag.get("Key", "tag"), tag.get("Value", ""))
                for number, tag in enumerate(tags)
            ),
            f"{at}.Tags",
            problems,
        )
        keys = Counter(tag.get("Key") for tag in tags)
        named |= {key for key in keys if key is not None}
        for key in (key for key, times in keys.items() if key is not None and times > 1):
            problems.add(Code.INVALID_TAG, f"{at}.Tags", f'{at}.Tags holds the key "{shown(key)}" twice.')
    if len(named) > MAX_TAGS and not any(problem.code is Code.INVALID_TAG for problem in problems.found):
        problems.add(
            Code.INVALID_TAG,
            "TagSpecifications",
            f"Vmie.Tags and TagSpecifications name {len(named)} tags together, and the task gets both; a "
            f"request has at most {MAX_TAGS} (EC2's 50 less the pipeline's own).",
        )


def _check(tags: Iterable[tuple[str, str, str]], at: str, problems: Problems) -> None:
    count = 0
    for path, key, value in tags:
        count += 1
        why = _fault(key, value)
        if why:
            problems.add(Code.INVALID_TAG, path, f'Invalid tag {path}: "{shown(key)}" {why}.')
    if count > MAX_TAGS:
        problems.add(
            Code.INVALID_TAG,
            at,
            f"{at} holds {count} tags; a request has at most {MAX_TAGS} (EC2's 50 less the pipeline's own).",
        )


def _fault(key: str, value: str) -> str:
    reserved = next((prefix for prefix in RESERVED if key.casefold().startswith(prefix)), None)
    if not key:
        return "is no key: a tag's key has at least one character"
    if reserved is not None:
        return f"begins with {reserved}, which is reserved"
    if len(key) > MAX_KEY:
        return f"has {len(key)} characters; a tag's key has at most {MAX_KEY}"
    if len(value) > MAX_VALUE:
        return f"has a value of {len(value)} characters; a tag's value has at most {MAX_VALUE}"
    if _CONTROL.search(key) or _CONTROL.search(value):
        return "has control characters in its key or value"
    return ""
