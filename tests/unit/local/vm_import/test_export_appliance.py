"""The OVA of an exported instance."""

from __future__ import annotations

import hashlib
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from vmie_local.disk_images import ova
from vmie_local.disk_images.region import FileRegion
from vmie_local.vm_import.export_instance import appliance
from vmie_local.vm_import.exports.ports import Machine

OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"
MACHINE = Machine("i-1", "123456789012", "running", (), name='web & "db" <1>', cpus=2, memory=4096)


def elements(text: str, name: str) -> list[str]:
    root = ElementTree.fromstring(text)  # noqa: S314 - our own document
    return [found.text or "" for found in root.iter() if found.tag.rpartition("}")[2] == name]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    (tmp_path / "disk").write_bytes(b"a disk")
    appliance.pack(MACHINE, "export-i-1", 3, tmp_path / "disk", tmp_path / "export.ova")
    return tmp_path / "export.ova"


def test_the_descriptor_comes_first_and_the_manifest_fits_every_other_member(packed: Path) -> None:
    with tarfile.open(packed) as archive:
        names = archive.getnames()
        contents = {name: archive.extractfile(name).read() for name in names}  # type: ignore[union-attr]

    assert names == ["export-i-1.ovf", "export-i-1.mf", "export-i-1-disk1.vmdk"]
    lines = contents["export-i-1.mf"].decode().splitlines()
    assert lines == [
        f"SHA256({name})= {hashlib.sha256(contents[name]).hexdigest()}" for name in (names[0], names[2])
    ]


def test_an_import_finds_the_disk_in_it(packed: Path) -> None:
    (disk,) = ova.disks_of(FileRegion.whole(packed, "export.ova"))

    assert disk.read(0, disk.size) == b"a disk"


def test_the_descriptor_tells_of_disk_processors_and_memory(packed: Path) -> None:
    text = appliance.describe(MACHINE, "disk1.vmdk", 6, 3 << 30)
    root = ElementTree.fromstring(text)  # noqa: S314 - our own document
    (disk,) = root.iter(f"{OVF}Disk")

    assert disk.get(f"{OVF}capacity") == str(3 << 30)
    assert elements(text, "Name") == ['web & "db" <1>']
    names = elements(text, "ElementName")
    assert {"2 virtual CPU(s)", "4096 MB of memory", "Hard disk 1", "Network adapter 1"} < set(names)
    assert "firmware" not in text


@pytest.mark.parametrize(("windows", "os_type"), [(False, "101"), (True, "102")])
def test_the_operating_system_is_named_as_cim_does(windows: bool, os_type: str) -> None:
    text = appliance.describe(
        Machine("i-1", "1", "running", (), windows=windows, boot_mode="uefi"), "d", 1, 1
    )

    assert f'<OperatingSystemSection ovf:id="{os_type}">' in text
    assert 'vmw:key="firmware" vmw:value="efi"' in text
