import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from vmie_local.demo.disk_file import DEMO_DISK, SUFFIXES, choose, readable_size
from vmie_local.demo.errors import DemoError
from vmie_runtime.object_keys import IMAGE_FORMATS


def file(folder: Path, name: str = "disk.vmdk", content: bytes = b"KDMV") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_demo_accepts_what_the_pipeline_accepts() -> None:
    assert set(SUFFIXES) == set(IMAGE_FORMATS)


def test_without_an_argument_the_demo_disk_is_imported() -> None:
    assert choose(None).path == DEMO_DISK


@pytest.mark.parametrize("name", ["disk.vmdk", "DISK.VHDX", "with space.ova", "ä.img"])
def test_a_file_with_a_supported_suffix_is_taken(tmp_path: Path, name: str) -> None:
    disk = choose(str(file(tmp_path, name)))

    assert (disk.size, disk.key) == (4, f"images/{name}")


@pytest.mark.parametrize("name", ["disk.qcow2", "disk", "disk.vmdk.gz"])
def test_another_suffix_is_refused_with_what_is_accepted(tmp_path: Path, name: str) -> None:
    with pytest.raises(DemoError) as refused:
        choose(str(file(tmp_path, name)))

    assert "does not take" in refused.value.message
    assert all(suffix in refused.value.remedy for suffix in SUFFIXES)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"There is no file .*absent\.vmdk"):
        choose(str(tmp_path / "absent.vmdk"))


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "disk.vmdk").mkdir()

    with pytest.raises(DemoError, match="is a directory"):
        choose(str(tmp_path / "disk.vmdk"))


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "disk.vmdk")

    with pytest.raises(DemoError, match="not a regular file"):
        choose(str(tmp_path / "disk.vmdk"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="is empty"):
        choose(str(file(tmp_path, content=b"")))


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read anything

    with pytest.raises(DemoError, match="may not be read") as refused:
        choose(str(file(tmp_path)))

    assert "chmod +r" in refused.value.remedy


def test_a_file_that_does_not_fit_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))

    with pytest.raises(DemoError, match=r"has 1\.0 MiB free") as refused:
        choose(str(file(tmp_path)))

    assert tempfile.gettempdir() in refused.value.message
    assert "TMPDIR" in refused.value.remedy


def test_a_name_too_long_for_s3_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "ä" * 120 + ".img")
    monkeypatch.setattr("vmie_local.demo.disk_file._LONGEST_KEY", 200)

    with pytest.raises(DemoError, match="too long"):
        choose(str(path))


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 30, "5.0 GiB")],
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert readable_size(size) == text
