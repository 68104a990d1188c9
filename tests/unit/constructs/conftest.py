"""Templates that many tests read; synthesising one takes a second or two."""

from __future__ import annotations

import pytest

from tests.unit.constructs.synthesis import Synthesised, import_half, synthesise
from vmie_constructs import VmImportExport


@pytest.fixture(scope="session")
def default() -> Synthesised:
    """`VmImportExport` without an argument, in an environment-agnostic stack."""
    return synthesise(lambda stack: VmImportExport(stack, "Vmie"))


@pytest.fixture(scope="session")
def imports() -> Synthesised:
    """The import half alone, without an argument."""
    return synthesise(import_half)
