"""The shapes are botocore's, and what is documented beside them fits them."""

import json
from pathlib import Path

import pytest

from scripts import extract_shapes
from vmie_runtime.request_documents.documented import FACTS
from vmie_runtime.request_documents.operations import SIGNATURES, request_shape
from vmie_runtime.request_documents.options import OPERATIONS, OPTIONS
from vmie_runtime.request_documents.shape import Shape, operation_shape

SHAPES = json.loads(extract_shapes.SHAPES.read_text(encoding="utf-8"))["shapes"]


def test_the_shapes_are_what_botocore_has():
    assert extract_shapes.main(["--check"]) == 0, "run python scripts/extract_shapes.py"


def test_a_stale_file_is_told_and_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stale = tmp_path / "shapes.json"
    stale.write_text(extract_shapes.rendered().replace("uefi-preferred", "uefi-only"), encoding="utf-8")
    monkeypatch.setattr(extract_shapes, "SHAPES", stale)
    assert extract_shapes.main(["--check"]) == 1
    assert extract_shapes.main([]) == 0
    assert json.loads(stale.read_text(encoding="utf-8")) == extract_shapes.extracted()
    assert extract_shapes.main(["--check"]) == 0


@pytest.mark.parametrize("subject", FACTS)
def test_what_is_documented_is_about_something_in_the_model(subject):
    name, _, member = subject.partition(".")
    assert name in SHAPES
    assert not member or member in SHAPES[name]["members"]
    assert set(FACTS[subject]) <= set(Shape.__dataclass_fields__)


def test_documented_values_are_none_where_the_model_enumerates():
    widened = {
        subject
        for subject, facts in FACTS.items()
        if "values" in facts and "." in subject
        for enumerated in [SHAPES[_shape_of(subject)].get("enum")]
        if enumerated and not set(facts["values"]) <= set(enumerated)
    }
    # The model lacks Linux, which the guide has.
    assert widened == {"ImportInstanceRequest.Platform"}


def test_every_operation_can_be_told_and_validated():
    assert tuple(SIGNATURES) == OPERATIONS
    for operation, keys in SIGNATURES.items():
        assert set(keys) <= set(operation_shape(operation).members)
        assert {"Vmie", "DryRun", "ClientToken"} <= set(request_shape(operation).members)


def test_every_option_goes_with_an_operation():
    for name, option in OPTIONS.items():
        assert option.operations, name
        assert set(option.operations) <= set(OPERATIONS)


def _shape_of(subject: str) -> str:
    name, _, member = subject.partition(".")
    return SHAPES[name]["members"][member]
