"""Templates that many tests read; synthesising one takes a second or two."""

from __future__ import annotations

import pytest

from tests.unit.constructs.synthesis import Synthesised, synthesise
from vmie_constructs import VmImportExport


@pytest.fixture(scope="session")
def default() -> Synthesised:
    """`VmImportExport` without an argument, in an environment-agnostic stack."""
    return synthesise(lambda stack: VmImportExport(stack, "Vmie"))
