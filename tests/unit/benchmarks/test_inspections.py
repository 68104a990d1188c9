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
        ("lvm-two-disks-1.raw", True),
        ("report.json", False),
    ],
)
def test_images_that_hold_a_disk_of_their_own_are_measured(name, measured, tmp_path, monkeypatch) -> None:
    (tmp_path / name).touch()
    monkeypatch.setattr(inspections, "CORPUS", tmp_path)

    assert ((tmp_path / name,) in inspections._machines()) is measured


def test_the_disks_of_one_machine_are_measured_together(tmp_path, monkeypatch) -> None:
    for name in ("lvm-two-disks-2.raw", "lvm-two-disks-1.raw", "lvm-two-disks-1.vhd", "lvm-two-disks-2.vhd"):
        (tmp_path / name).touch()
    monkeypatch.setattr(inspections, "CORPUS", tmp_path)

    named = [[path.name for path in files] for files in inspections._machines()[1:]]

    assert named == [
        ["lvm-two-disks-1.raw", "lvm-two-disks-2.raw"],
        ["lvm-two-disks-1.vhd", "lvm-two-disks-2.vhd"],
    ]


def test_each_file_of_a_machine_may_cost_what_a_single_one_may(tmp_path, monkeypatch) -> None:
    for number in (1, 2):
        (tmp_path / f"two-disks-{number}.vmdk").write_bytes(inspections.DEMO.read_bytes())
    monkeypatch.setattr(inspections, "CORPUS", tmp_path)
    monkeypatch.setattr(inspections, "LATENCY", 0.0)

    alone, together = inspections.measure()

    one, both = ({figure.name: figure for figure in section.figures} for section in (alone, together))
    assert together.title.startswith("Inspection of two-disks-1.vmdk and two-disks-2.vmdk")
    assert (one["GETs"].most, both["GETs"].most, both["GETs of one file"].most) == (30, 60, 30)
    assert one["GETs"].value == one["GETs of one file"].value
    assert both["GETs of one file"].value < both["GETs"].value


def test_an_image_is_measured_against_an_idle_interpreter(monkeypatch) -> None:
    monkeypatch.setattr(inspections, "CORPUS", Path("/nowhere"))

    (section,) = inspections.measure()

    figures = {figure.name: figure for figure in section.figures}
    assert section.title.startswith("Inspection of demo-linux.vmdk")
    assert 0 < figures["GETs"].value <= 30
    assert 0 < figures["Peak memory above idle"].value < 64
    assert figures["Time at 40 ms per GET"].value >= inspections.LATENCY * figures["GETs"].value
