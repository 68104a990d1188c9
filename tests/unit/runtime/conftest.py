"""The runtime with AWS in memory around it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.runtime.fakes import FakeAws
from tests.unit.runtime.world import ENVIRONMENT, World
from vmie_runtime import aws as runtime_aws
from vmie_runtime import observability, wiring
from vmie_runtime.stages import artefacts

_CACHED = (wiring.settings, wiring.requests_table, wiring.publisher)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """AWS in memory, with the functions' environment."""
    fakes = FakeAws()
    monkeypatch.setattr(runtime_aws, "_client", fakes.client)
    monkeypatch.setattr(artefacts, "sleep", lambda _: None)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    # Read from the environment when the module was loaded.
    monkeypatch.setattr(observability.metrics.provider, "namespace", "VmImportExport")
    for cached in _CACHED:
        cached.cache_clear()
    yield World(fakes)
    for cached in _CACHED:
        cached.cache_clear()


@pytest.fixture
def context() -> Any:
    """What Lambda tells a handler about itself."""
    return SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=128,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
        aws_request_id="1",
        get_remaining_time_in_millis=lambda: 60_000,
    )
