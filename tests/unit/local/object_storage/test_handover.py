"""Bodies that are put into S3 without being sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from vmie_local.object_storage import INCOMING_BODY, BodyIntake, BodyStore, Handover, ObjectBody


class Behind:
    """Keeps the bodies that arrive."""

    def __init__(self) -> None:
        self.bodies: list[ObjectBody] = []
        self.headers: set[str] = set()

    def __call__(self, environ: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
        self.bodies.append(environ[INCOMING_BODY])
        self.headers.update(environ)
        return []


@pytest.fixture
def store(tmp_path: Path) -> BodyStore:
    return BodyStore(tmp_path / "objects")


def put(intake: BodyIntake, body: bytes, token: str | None = None) -> str:
    """The status that a PUT is answered with, or nothing if the application behind answers."""
    environ = {"REQUEST_METHOD": "PUT", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    if token is not None:
        environ["HTTP_X_VMIE_LOCAL_BODY"] = token
    statuses: list[str] = []
    list(intake(environ, lambda status, _: statuses.append(status)))
    return "".join(statuses)


def test_a_token_stands_for_a_body_once(store: BodyStore, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"0123456789")
    handover, behind = Handover(store), Behind()
    intake = BodyIntake(store, lambda _: True, behind, handover)
    token = handover.offer(handover.adopt(tmp_path / "disk")[2:5])

    assert put(intake, b"", token) == ""
    assert put(intake, b"", token) == "400 Bad Request"
    assert put(intake, b"sent") == ""

    assert [body.read() for body in behind.bodies] == [b"234", b"sent"]
    assert not any("VMIE" in name for name in behind.headers), "the token goes no further"


def test_a_withdrawn_body_and_a_guessed_token_stand_for_nothing(store: BodyStore, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"0123456789")
    handover, behind = Handover(store), Behind()
    intake = BodyIntake(store, lambda _: True, behind, handover)
    token = handover.offer(handover.adopt(tmp_path / "disk"))
    handover.withdraw(token)

    assert [put(intake, b"sent", given) for given in (token, "0" * 32)] == ["400 Bad Request"] * 2
    assert behind.bodies == []
