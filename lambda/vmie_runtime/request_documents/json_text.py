"""Reading JSON that somebody else wrote: strictly, and without a way to exhaust the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents.problems import shown

MAX_BYTES = 16 * 2**20
# Objects, arrays and their elements: what bounds the memory that a document takes.
MAX_VALUES = 1_000_000
MAX_DEPTH = 32
_LONGEST_INTEGER = 40
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class RepeatedKeys(dict[str, Any]):
    """A JSON object that names a key twice; it holds the last value of each."""

    repeated: tuple[str, ...] = ()


def read_json(body: bytes) -> tuple[Any, bool]:
    """The document in a file, and whether it needs to be looked through with `flaws`.

    Args:
        body: The file; UTF-8, with or without a byte order mark.

    Raises:
        RequestRejected: If it is too large, not UTF-8 or not JSON.
    """
    if len(body) > MAX_BYTES:
        raise RequestRejected(
            "RequestFileTooLarge",
            f"The file has {len(body):,} bytes; a request file has at most {MAX_BYTES:,}. Split the fleet.",
        )
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    if values > MAX_VALUES:
        raise RequestRejected(
            "RequestFileTooLarge", f"The file holds more than {MAX_VALUES:,} values. Split the fleet."
        )
    text = _decoded(body)
    repeated = False

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        document = dict(pairs)
        if len(document) == len(pairs):
            return document
        repeated = True
        names = [name for name, _ in pairs]
        kept = RepeatedKeys(document)
        kept.repeated = tuple(name for name in document if names.count(name) > 1)
        return kept

    try:
        document = json.loads(text, object_pairs_hook=object_of, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise RequestRejected(
            "InvalidJson", f"The file is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    require_shallow(document)
    return document, repeated or _SURROGATE.search(text) is not None


def require_shallow(document: Any) -> None:
    """Check that a document can be walked through.

    Raises:
        RequestRejected: If it is nested deeper than any request.
    """
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise _too_deep()


def flaws(document: Any) -> Iterator[tuple[str, str]]:
    """What JSON allows and no request may have: path and sentence of each.

    Keys that stand twice in one object (readers disagree on which counts), and characters that are half of a
    surrogate pair (no encoding takes them).
    """
    pending = [("", document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, str):
            if _is_broken(value):
                yield path or "input", f"Invalid text in {path or 'input'}: half of a surrogate pair."
        elif isinstance(value, list):
            pending.extend((f"{path}[{index}]", child) for index, child in enumerate(value))
        elif isinstance(value, dict):
            for name in getattr(value, "repeated", ()):
                where = f"{path}.{shown(name)}".lstrip(".")
                yield where, f'Key named twice in {path or "input"}: "{shown(name)}". Leave one of them.'
            for name, child in value.items():
                where = f"{path}.{shown(name)}".lstrip(".")
                if _is_broken(name):
                    yield (
                        where,
                        f'Invalid key in {path or "input"}: "{shown(name)}", half of a surrogate pair.',
                    )
                pending.append((where, child))


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestRejected(
            "InvalidJson",
            f"The file is not UTF-8: byte {error.start} cannot be read. Save it as UTF-8 (PowerShell's `>` "
            "writes UTF-16: use `Out-File -Encoding utf8`).",
        ) from error


def _integer(digits: str) -> int | float:
    # Longer ones take quadratic time to read; as a float it fails the type that any key has.
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _is_broken(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


def _too_deep() -> RequestRejected:
    return RequestRejected(
        "InvalidJson",
        f"The file is nested deeper than {MAX_DEPTH} levels; no request has more than a handful.",
    )
