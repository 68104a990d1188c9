"""What a request file holds, once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vmie_runtime.errors import RequestRejected


@dataclass(frozen=True, kw_only=True)
class RequestDocument:
    """One valid request.

    Attributes:
        operation: The API operation that its shape asks for, such as `ImportImage`.
        parameters: What that operation takes, as it was written but for the case of enumerations that are
            taken in any; a bare list of containers, or a bare
            container, lies under `DiskContainers` or `DiskContainer`. `Vmie`, `ClientToken`, `DryRun` and
            `RoleName` are not in it.
        options: The `Vmie` object, without defaults for what it leaves out.
        role_name: The `RoleName` that was asked for.
        dry_run: Whether it shall be validated and inspected only.
        client_token: The `ClientToken` that was given: a label, never sent.
    """

    operation: str
    parameters: dict[str, Any]
    options: dict[str, Any]
    role_name: str | None = None
    dry_run: bool = False
    client_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One element of a request file: a valid request, or the reason why it is none.

    Attributes:
        ordinal: Its place in the file, from 0.
        document: The request; None where it was rejected.
        rejection: Why it was rejected, naming every key at fault; None where it is valid.
        digest: Hash of the entry as written (keys sorted, without insignificant space) and of how many equal
            entries stand before it: the same entry in a file that is dropped again has the same digest.
    """

    ordinal: int
    document: RequestDocument | None
    rejection: RequestRejected | None
    digest: str


@dataclass(frozen=True, kw_only=True)
class RequestFile:
    """A file under `requests/`: one request, or a fleet of them."""

    fleet: bool
    entries: tuple[Entry, ...]
