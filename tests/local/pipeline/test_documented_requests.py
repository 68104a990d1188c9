"""The request files of the documentation, dropped as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.local.pipeline.harness import Pipeline

ROOT = Path(__file__).parents[3]
REQUESTS = ROOT / "examples" / "requests"
PAGE_NAMES = ("import-images", "import-snapshots", "import-instances-and-volumes", "fleets")
DATA = ROOT / "examples" / "images" / "demo-data.vmdk"
PAGES = [ROOT / "docs" / f"{name}.md" for name in PAGE_NAMES]


@pytest.fixture
def disks(pipeline: Pipeline) -> None:
    """The disks that the pages upload first."""
    pipeline.upload("disks/web-1.vmdk")
    pipeline.upload("disks/web-1-data.vmdk", DATA.read_bytes())


def drop(pipeline: Pipeline, name: str) -> str:
    key = f"requests/documented/{name}"  # other tests drop files of these names, and have results
    pipeline.upload(key, (REQUESTS / name).read_bytes())
    return key


@pytest.mark.usefixtures("disks")
def test_every_documented_import_becomes_what_its_page_says(pipeline: Pipeline):
    names = ["image", "two-disks", "auto", "unmodified", "containers", "snapshot"]
    keys = {name: drop(pipeline, f"{name}.json") for name in names}

    results = {name: pipeline.ended(key) for name, key in keys.items()}

    assert {name: result["Status"] for name, result in results.items()} == dict.fromkeys(names, "Succeeded")
    images = {image["ImageId"]: image for image in pipeline.images()}
    assert images[results["image"]["ImageId"]]["Name"] == "web-server"
    assert len(results["two-disks"]["SnapshotIds"]) == 2
    assert images[results["unmodified"]["ImageId"]]["Name"] == "appliance"
    assert results["unmodified"]["ImportTaskId"].startswith("import-snap-")
    assert "ImageId" not in results["snapshot"]


@pytest.mark.usefixtures("disks")
def test_the_documented_fleet_is_counted_and_its_bad_request_stops_no_other(pipeline: Pipeline):
    key = drop(pipeline, "fleet.json")

    summary = pipeline.ended(key)

    assert summary["Counts"] == {"Rejected": 1, "Succeeded": 2}
    assert pipeline.document(f"results/{key}/2.json")["Error"]["Code"] == "SourceMissing"


def test_a_zone_that_the_owner_did_not_allow_is_refused_with_the_setting_that_would(pipeline: Pipeline):
    pipeline.upload("disks/web-1-data.vmdk", DATA.read_bytes())
    result = pipeline.ended(drop(pipeline, "volume.json"))

    assert (result["Status"], result["Error"]["Code"]) == ("Rejected", "AvailabilityZoneNotAllowed")
    assert "allowed_availability_zones" in result["Error"]["Message"]


def test_what_the_pages_show_is_what_the_files_hold():
    shown = [
        block for page in PAGES for block in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL)
    ]
    files = [json.loads(path.read_text()) for path in REQUESTS.glob("*.json")]

    assert shown
    assert all(json.loads(block) in files for block in shown)
    named = {
        name for page in PAGES for name in re.findall(r"examples/requests/([\w-]+\.json)", page.read_text())
    }
    assert named == {path.name for path in REQUESTS.glob("*.json")}
