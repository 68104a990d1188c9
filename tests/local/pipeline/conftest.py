"""One deployment of `app.py` for every test of this folder; each test must leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.pipeline.harness import Pipeline, eventually
from vmie_local import LocalAws
from vmie_local.deployment import CdkCli

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def deployed(cloud: LocalAws) -> Pipeline:
    cli = CdkCli(cloud, ROOT)
    cli.bootstrap()
    return Pipeline(cloud, cli.deploy(context={"vmie:stallTimeoutMinutes": "60"})["VmImportExport"])


@pytest.fixture
def pipeline(deployed: Pipeline) -> Iterator[Pipeline]:
    yield deployed
    deployed.clear_faults()
    try:
        eventually(deployed.settled, "nothing running, waiting or held")
    except AssertionError:
        pytest.fail(f"The test left something behind: {deployed.leavings()}")
