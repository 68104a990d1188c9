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


def put(intake: BodyIntake, body: bytes, token: str) -> None:
    environ = {
        "REQUEST_METHOD": "PUT",
        "HTTP_X_VMIE_LOCAL_BODY": token,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    list(intake(environ, lambda *_: None))


def test_a_token_stands_for_a_body_once(store: BodyStore, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"0123456789")
    handover, behind = Handover(store), Behind()
    intake = BodyIntake(store, lambda _: True, behind, handover)
    token = handover.offer(handover.adopt(tmp_path / "disk")[2:5])

    put(intake, b"", token)
    put(intake, b"sent", token)

    assert [body.read() for body in behind.bodies] == [b"234", b"sent"]
    assert not any("VMIE" in name for name in behind.headers), "the token goes no further"


def test_a_withdrawn_body_and_a_guessed_token_stand_for_nothing(store: BodyStore, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"0123456789")
    handover, behind = Handover(store), Behind()
    intake = BodyIntake(store, lambda _: True, behind, handover)
    token = handover.offer(handover.adopt(tmp_path / "disk"))
    handover.withdraw(token)

    put(intake, b"sent", token)
    put(intake, b"too", "0" * 32)

    assert [body.read() for body in behind.bodies] == [b"sent", b"too"]
