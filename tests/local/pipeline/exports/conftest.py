"""An AMI and an instance to export, and the stack whose owner allows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.pipeline.exports.exporting import ExportPipeline
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.pipeline.leavings import leavings


@pytest.fixture(scope="session")
def image_id(generous_stack: Pipeline) -> str:
    with generous_stack.with_rounds():
        return ExportPipeline(generous_stack.cloud, generous_stack.outputs).import_image("exported")


@pytest.fixture(scope="session")
def instance_id(generous_stack: Pipeline, image_id: str) -> Iterator[str]:
    """A running instance."""
    exports = ExportPipeline(generous_stack.cloud, generous_stack.outputs)
    launched = exports.launch(image_id)
    yield launched
    exports.ec2.terminate_instances(InstanceIds=[launched])


@pytest.fixture
def exports(generous: Pipeline, image_id: str) -> Iterator[ExportPipeline]:
    """The exporting half of the generous stack at work; each test must leave nothing behind."""
    pipeline = ExportPipeline(generous.cloud, generous.outputs)
    yield pipeline
    pipeline.clear_faults()
    try:
        eventually(pipeline.settled, "nothing running, waiting or held")
    except AssertionError:
        pytest.fail(f"The test left something behind: {leavings(pipeline)}")
