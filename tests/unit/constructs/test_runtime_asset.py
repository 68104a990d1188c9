from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from tests.unit.constructs.synthesis import ROOT
from vmie_constructs import runtime_asset
from vmie_constructs.runtime_asset import RuntimeAssetError, content_hash, stage

PINS = """
[dependency-groups]
runtime = ["defusedxml==0.7.1"]
"""
_MEGABYTE = 1_000_000


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one module of code and one dependency."""
    code = tmp_path / "repository" / "lambda" / "vmie_runtime"
    code.mkdir(parents=True)
    (code / "intake.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "repository" / "pyproject.toml").write_text(PINS)
    return tmp_path / "repository"


def names(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def test_code_dependencies_and_their_licences_are_staged_and_nothing_compiled(checkout: Path) -> None:
    compiled = checkout / "lambda" / "vmie_runtime" / "__pycache__"
    compiled.mkdir()
    (compiled / "intake.cpython-311.pyc").write_bytes(b"")
    (checkout / "lambda" / ".editor-state").write_text("")
    staged = names(stage(checkout, checkout / "build"))
    assert {"vmie_runtime/intake.py", "defusedxml/ElementTree.py", "licences/defusedxml/LICENSE"} <= staged
    assert not [name for name in staged if "__pycache__" in name or "dist-info" in name or "/." in name]
    assert ".editor-state" not in staged


def test_the_directory_depends_on_nothing_but_names_and_bytes(checkout: Path, tmp_path: Path) -> None:
    first = stage(checkout, checkout / "build")
    elsewhere = Path(
        shutil.copytree(checkout, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("build"))
    )
    source = elsewhere / "lambda" / "vmie_runtime" / "intake.py"
    os.utime(source, (0, 0))
    source.chmod(0o600)
    second = stage(elsewhere, elsewhere / "build")
    assert first.name == second.name
    assert content_hash(first) == content_hash(second)


def test_a_change_of_the_code_changes_the_directory(checkout: Path) -> None:
    before = stage(checkout, checkout / "build")
    (checkout / "lambda" / "vmie_runtime" / "intake.py").write_text("def handler(event, context): pass\n")
    assert stage(checkout, checkout / "build") != before


def test_lambda_may_read_the_files_whatever_the_umask_was(checkout: Path) -> None:
    before = os.umask(0o077)
    try:
        staged = stage(checkout, checkout / "build")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in staged.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in [staged, *staged.rglob("*")] if path.is_dir()} == {0o755}


def test_what_is_up_to_date_is_not_written_again(checkout: Path) -> None:
    staged = stage(checkout, checkout / "build") / "vmie_runtime" / "intake.py"
    written = staged.stat().st_mtime_ns
    stage(checkout, checkout / "build")
    assert staged.stat().st_mtime_ns == written


def test_processes_that_stage_at_once_end_with_one_whole_directory(checkout: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        staged = set(pool.map(stage, [checkout] * 8, [checkout / "build"] * 8))
    assert len(staged) == 1
    assert [path.name for path in (checkout / "build").iterdir()] == [staged.pop().name]


def test_directories_unused_for_a_day_are_removed_and_younger_ones_kept(checkout: Path) -> None:
    old, young = checkout / "build" / "old", checkout / "build" / "young"
    for directory in (old, young):
        directory.mkdir(parents=True)
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    stage(checkout, checkout / "build")
    assert not old.exists()
    assert young.exists()


def test_another_version_than_the_pinned_one_is_refused(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text(PINS.replace("0.7.1", "0.6.0"))
    with pytest.raises(
        RuntimeAssetError, match=r"defusedxml 0\.6\.0, but 0\.7\.1 .*pip install defusedxml==0\.6\.0"
    ):
        stage(checkout, checkout / "build")


def test_a_missing_distribution_is_named_with_its_remedy(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(runtime_asset, "distribution", missing)
    with pytest.raises(RuntimeAssetError, match=r"defusedxml 0\.7\.1, which is not installed.*make setup"):
        stage(checkout, checkout / "build")


def test_a_range_of_versions_is_refused(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text(PINS.replace("==", ">="))
    with pytest.raises(RuntimeAssetError, match=r"'defusedxml>=0\.7\.1'.*name==version"):
        stage(checkout, checkout / "build")


def test_every_handler_imports_what_it_needs_from_the_asset_alone() -> None:
    """Beside the asset there is only boto3 with its dependencies, as in Lambda's Python runtimes."""
    asset = runtime_asset.runtime_asset_directory()
    handlers = sorted(path.stem for path in (asset / "vmie_runtime" / "steps").glob("[!_]*.py"))
    modules = [
        "intake",
        "reconciler",
        "drain",
        *(f"steps.{name}" for name in handlers if name != "step_event"),
    ]
    script = f"""
import sys
sys.path[:0] = [{str(asset)!r}]
allowed = {{"boto3", "botocore", "s3transfer", "dateutil", "six", "urllib3"}}
class OnlyAllowed:
    def find_spec(self, name, path=None, target=None):
        if path is None and name.partition(".")[0] in allowed:
            from importlib.machinery import PathFinder
            return PathFinder.find_spec(name, [{sysconfig.get_path("purelib")!r}])
sys.meta_path.append(OnlyAllowed())
import importlib
for name in {modules!r}:
    assert callable(importlib.import_module("vmie_runtime." + name).handler), name
"""
    environment = {"AWS_DEFAULT_REGION": "eu-west-1", "POWERTOOLS_METRICS_NAMESPACE": "VmImportExport"}
    finished = subprocess.run(
        [sys.executable, "-B", "-I", "-S", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def test_the_upload_stays_below_one_and_a_half_megabytes() -> None:
    asset = runtime_asset.runtime_asset_directory()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(asset.rglob("*")):
            if "__pycache__" not in path.parts:  # Left out of the upload, too.
                archive.write(path, path.relative_to(asset))
    assert packed.tell() < 1.5 * _MEGABYTE


def test_the_pins_are_those_of_the_lock() -> None:
    locked = (ROOT / "requirements" / "dev.txt").read_text()
    for name, version in runtime_asset.pinned_distributions(ROOT).items():
        assert f"\n{name}=={version} " in locked
