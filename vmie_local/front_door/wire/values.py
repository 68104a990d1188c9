"""Scalars on the wire: timestamps and blobs."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from botocore.model import Shape


def parse_timestamp(value: str | float) -> datetime:
    """A moment from seconds since 1970, ISO 8601 or an HTTP date.

    Raises:
        ValueError: If it is none of them.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    text = value.strip()
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def format_timestamp(value: Any, shape: Shape, default: str) -> str | int | float:
    """A moment as the shape, or else the protocol's default, asks for it.

    Args:
        value: A `datetime`, seconds since 1970, or a text that `parse_timestamp` reads.
        shape: The member's shape; its `timestampFormat` wins.
        default: `iso8601`, `unixTimestamp` or `rfc822`.
    """
    moment = value if isinstance(value, datetime) else parse_timestamp(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment = moment.astimezone(UTC)
    style = str(shape.serialization.get("timestampFormat", default))
    if style.lower() == "unixtimestamp":
        seconds = round(moment.timestamp(), 3)
        return int(seconds) if seconds == int(seconds) else seconds
    if style.lower() in ("rfc822", "http-date"):
        return format_datetime(moment.replace(microsecond=0), usegmt=True)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_bytes(value: Any) -> bytes:
    """A blob as bytes; text is taken as UTF-8."""
    if isinstance(value, str):
        return value.encode()
    return bytes(value)


def from_text(text: str, shape: Shape, *, jsonvalue: bool = False) -> Any:
    """A scalar of a query parameter, a header or an XML element as Python's type of the shape.

    Raises:
        ValueError: If the text is no value of that type.
    """
    kind = shape.type_name
    if jsonvalue:
        return base64.b64decode(text).decode()
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    if kind == "boolean":
        return text.strip().lower() == "true"
    if kind == "timestamp":
        return parse_timestamp(text)
    if kind == "blob":
        return base64.b64decode(text)
    return text


def to_text(value: Any, shape: Shape, timestamps: str) -> str:
    """A scalar as text for a header or an XML element."""
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return str(format_timestamp(value, shape, timestamps))
    if kind == "blob":
        return base64.b64encode(to_bytes(value)).decode()
    return str(value)
