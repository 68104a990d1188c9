"""Every example synthesises on its own, without a word."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/app.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_example_synthesises(example: Path, tmp_path: Path) -> None:
    context = json.dumps(json.loads((example / "cdk.json").read_text())["context"])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": context, "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [sys.executable, "app.py"], cwd=example, env=environment, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
    assert list(tmp_path.glob("*.template.json"))


def test_the_examples_are_found() -> None:
    found = {example.name for example in EXAMPLES}
    assert found >= {"two_teams", "encrypted", "packer_role", "exported_images"}
