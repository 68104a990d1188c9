"""32-bit imports ended on 2026-04-01."""

from __future__ import annotations

from typing import Any

import pytest

from vmie_runtime.checks.architectures import require_architecture
from vmie_runtime.errors import RequestRejected

_BEFORE, _SINCE = "2026-03-31T23:59:59+00:00", "2026-04-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "parameters", [{"Architecture": "i386"}, {"LaunchSpecification": {"Architecture": "i386"}}]
)
def test_i386_is_refused_since_its_end(parameters: dict[str, Any]) -> None:
    require_architecture(parameters, now=_BEFORE)
    with pytest.raises(RequestRejected) as caught:
        require_architecture(parameters, now=_SINCE)
    assert caught.value.code == "ThirtyTwoBitEnded"


@pytest.mark.parametrize(
    "parameters",
    [{}, {"Architecture": "x86_64"}, {"LaunchSpecification": None}, {"LaunchSpecification": {}}],
)
def test_64_bit_and_what_is_not_said_pass(parameters: dict[str, Any]) -> None:
    require_architecture(parameters, now=_SINCE)
