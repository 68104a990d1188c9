"""One local AWS for every test of this folder: moto keeps its state in module globals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vmie_local import LocalAws, Settings


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalAws]:
    with LocalAws(Settings(port=0, time_scale=0.003)) as running:
        yield running
