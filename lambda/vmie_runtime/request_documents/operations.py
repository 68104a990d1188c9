"""Which operation a request asks for: its shape says it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from vmie_runtime.request_documents.nearest import nearest
from vmie_runtime.request_documents.options import (
    IMAGE_EXPORT,
    IMAGE_IMPORT,
    INSTANCE_EXPORT,
    INSTANCE_IMPORT,
    OPERATIONS,
    SNAPSHOT_IMPORT,
    VMIE,
    VOLUME_IMPORT,
)
from vmie_runtime.request_documents.problems import Code, Problems, shown
from vmie_runtime.request_documents.shape import Shape, operation_shape

# Operation -> the keys that tell it from the others.
SIGNATURES: dict[str, tuple[str, ...]] = {
    IMAGE_IMPORT: ("DiskContainers",),
    SNAPSHOT_IMPORT: ("DiskContainer",),
    INSTANCE_IMPORT: ("DiskImages",),
    VOLUME_IMPORT: ("Image", "Volume"),
    IMAGE_EXPORT: ("ImageId", "DiskImageFormat"),
    INSTANCE_EXPORT: ("InstanceId", "ExportToS3Task"),
}
_MARKS = tuple(key for keys in SIGNATURES.values() for key in keys)
_BARE_CONTAINER = ("UserBucket", "Url", "Format")
_ADOPTED = {"import-ami-": IMAGE_IMPORT, "import-snap-": SNAPSHOT_IMPORT}


@cache
def request_shape(operation: str) -> Shape:
    """What a request for an operation may hold: the API's parameters, our options, and the two labels.

    `DryRun` and `ClientToken` are ours to read wherever they stand, also with operations that lack them.
    """
    shape = operation_shape(operation)
    labels = {"ClientToken": Shape(type="string", maximum=256), "DryRun": Shape(type="boolean")}
    return replace(shape, members={**shape.members, **labels, "Vmie": VMIE})


@cache
def beside_container() -> tuple[str, ...]:
    """What a bare container may have beside its own keys: the request's others, and an editor's `$schema`."""
    members = request_shape(SNAPSHOT_IMPORT).members
    own = (*_MARKS, *members["DiskContainer"].members)
    return ("$schema", *(name for name in members if name not in own))


def dressed(document: Any) -> Any:
    """A request with its containers under their key: the guide's `containers.json` files leave it out."""
    if isinstance(document, list):
        return {"DiskContainers": document}
    if (
        isinstance(document, dict)
        and not any(mark in document for mark in _MARKS)
        and any(key in document for key in _BARE_CONTAINER)
    ):
        beside = {name: document[name] for name in beside_container() if name in document}
        container = {name: value for name, value in document.items() if name not in beside}
        return {"DiskContainer": container, **beside}
    return document


def operation_of(document: dict[str, Any], problems: Problems) -> str | None:
    """The operation a request asks for; None, with the problem added, where its shape does not say."""
    whole = [name for name, keys in SIGNATURES.items() if all(key in document for key in keys)]
    if len(whole) == 1:
        return whole[0]
    if whole:
        keys = [" with ".join(SIGNATURES[name]) + f" ({name})" for name in whole]
        problems.add(
            Code.UNKNOWN_OPERATION,
            SIGNATURES[whole[1]][0],
            f"A request is for one operation; this one has {' and '.join(keys)}. Make two requests of it.",
        )
        return None
    adopted = _adopted(document)
    if adopted is None:
        path, message = _not_understood(document)
        problems.add(Code.UNKNOWN_OPERATION, path, message)
    return adopted


def _adopted(document: dict[str, Any]) -> str | None:
    vmie = document.get("Vmie")
    task = vmie.get("ImportTaskId") if isinstance(vmie, dict) else None
    if not isinstance(task, str):
        return None
    return next((name for prefix, name in _ADOPTED.items() if task.startswith(prefix)), None)


def _not_understood(document: dict[str, Any]) -> tuple[str, str]:
    """The key at fault, and what was understood and what is missing."""
    for name, keys in SIGNATURES.items():
        missing = [key for key in keys if key not in document]
        if len(missing) < len(keys):
            given = next(key for key in keys if key in document)
            return missing[0], (
                f'Missing required parameter in input: "{missing[0]}". "{given}" is there, so this reads '
                f"as {name}, which is told by {' and '.join(keys)}.{_misspelt(missing[0], document)}"
            )
    for name in document:  # Nothing of any operation is there: a key may be misspelt.
        near = nearest(name, (*_MARKS, "Requests"))
        if near is not None:
            return near, f'Unknown parameter in input: "{shown(name)}". Did you mean {near}?'
    kinds = "; ".join(f"{' with '.join(SIGNATURES[name])} for {name}" for name in OPERATIONS)
    held = ", ".join(shown(name) for name in list(document)[:8]) or "nothing"
    return "input", f"The request does not say what to do: it holds {held}. It needs one of: {kinds}."


def _misspelt(missing: str, document: dict[str, Any]) -> str:
    near = nearest(missing, [name for name in document if name not in _MARKS])
    return f' Is it "{shown(near)}"?' if near is not None else ""
