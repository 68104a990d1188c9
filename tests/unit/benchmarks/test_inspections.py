"""The benchmark of inspections."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import inspections


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("ext4-bios.raw", True),
        ("ext4-bios.footer.vmdk", True),
        ("ext4-bios.dynamic.vhdx", True),
        ("ext4-bios.split-s001.vmdk", False),
        ("ext4-bios.flat.vmdk", False),
        ("ext4-bios.qcow2", False),
        ("lvm-two-disks-1.raw", False),
        ("report.json", False),
    ],
)
def test_images_that_hold_a_disk_of_their_own_are_measured(name, measured, tmp_path, monkeypatch) -> None:
    (tmp_path / name).touch()
    monkeypatch.setattr(inspections, "CORPUS", tmp_path)

    assert (tmp_path / name in inspections._images()) is measured


def test_an_image_is_measured_against_an_idle_interpreter(monkeypatch) -> None:
    monkeypatch.setattr(inspections, "CORPUS", Path("/nowhere"))

    (section,) = inspections.measure()

    figures = {figure.name: figure for figure in section.figures}
    assert section.title.startswith("Inspection of demo-linux.vmdk")
    assert 0 < figures["GETs"].value <= 30
    assert 0 < figures["Peak memory above idle"].value < 64
    assert figures["Time at 40 ms per GET"].value >= inspections.LATENCY * figures["GETs"].value
