from __future__ import annotations

import tarfile

import pytest

from tests.unit.images.builders import ova, vhd, vmdk
from tests.unit.images.builders.partitioned import MIB, mbr_disk
from tests.unit.images.inspecting import codes, inspect, verdict

DISK = mbr_disk(contents={3 * MIB: b"data" * 9000})
VMDK = vmdk.stream_optimized(DISK)


def test_an_ova_is_opened_and_its_disks_named_after_their_members() -> None:
    inspection = inspect(ova.ova({"disk1.vmdk": VMDK, "disk2.vmdk": VMDK}), "vm.ova")

    assert inspection.container.format == "OVA"
    assert [(disk.image.name, disk.image.format) for disk in inspection.disks] == [
        ("disk1.vmdk", "VMDK"),
        ("disk2.vmdk", "VMDK"),
    ]
    assert inspection.container.virtual_size == 2 * len(DISK)
    assert codes(inspection) == {"OvaIsNotOneDisk"}
    assert verdict(inspection) == ("accepted", "rejected", "accepted")


def test_the_descriptor_says_what_machine_it_is() -> None:
    machine = inspect(ova.ova({"disk1.vmdk": VMDK}), "vm.ova").container.machine

    assert machine is not None
    assert (machine.name, machine.operating_system, machine.firmware) == ("web-1", "debian12_64Guest", "efi")
    assert (machine.processors, machine.memory_mib, machine.network_adapters) == (2, 4096, 1)


@pytest.mark.parametrize("layout", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_members_with_long_names_are_found_in_every_tar_layout(layout) -> None:
    name = "d" * 60 + "/" + "k" * 60 + ".vmdk"
    descriptor = ova.ovf({name: VMDK})

    inspection = inspect(ova.archive({"vm.ovf": descriptor, name: VMDK}, layout), "vm.ova")

    assert [disk.image.name for disk in inspection.disks] == [name]
    assert codes(inspection) == {"OvaIsNotOneDisk", "OvaManifestMissing"}


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA512"])
def test_the_descriptor_is_compared_with_its_digest(algorithm) -> None:
    descriptor = ova.ovf({"disk1.vmdk": VMDK})
    manifest = ova.manifest({"vm.ovf": descriptor, "disk1.vmdk": VMDK}, algorithm)
    good = ova.archive({"vm.ovf": descriptor, "vm.mf": manifest, "disk1.vmdk": VMDK})
    edited = ova.archive({"vm.ovf": descriptor + b" ", "vm.mf": manifest, "disk1.vmdk": VMDK})

    assert codes(inspect(good, "vm.ova")) == {"OvaIsNotOneDisk"}
    assert codes(inspect(edited, "vm.ova")) == {"OvaIsNotOneDisk", "OvaManifestInvalid"}


OVF = ova.ovf({"disk1.vmdk": VMDK})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ova.ova({"disk1.vmdk": VMDK})[:-16384], "OvaTruncated"),
        (ova.archive({"disk1.vmdk": VMDK}), "OvaWithoutOvf"),
        (ova.archive({"readme.txt": b"x"}), "OvaWithoutOvf"),
        (ova.archive({"vm.ovf": OVF}), "OvaMissingFile"),
        (ova.archive({"vm.ovf": ova.ovf({})}), "OvaWithoutDisk"),
        (ova.archive({"vm.ovf": b"<Envelope", "disk1.vmdk": VMDK}), "OvfInvalid"),
        (ova.archive({"vm.ovf": b"<Other/>", "disk1.vmdk": VMDK}), "OvfInvalid"),
        (ova.archive({"vm.ovf": b'<!DOCTYPE E [<!ENTITY a "b">]><Envelope>&a;</Envelope>'}), "OvfInvalid"),
        (ova.ova({"disk1.vmdk": VMDK}, 'ovf:chunkSize="2147483648"'), "OvaChunkedDisk"),
        (
            ova.archive(
                {"vm.ovf": OVF, "disk1.vmdk.000000000": VMDK[:512], "disk1.vmdk.000000001": VMDK[512:]}
            ),
            "OvaChunkedDisk",
        ),
        (ova.ova({"disk1.vmdk": vmdk.sparse(DISK)}), "VmdkNotStreamOptimized"),
        (b"x" * 100 + ova.ova({"disk1.vmdk": VMDK})[100:], "OvaCorrupt"),
    ],
)
def test_what_is_wrong_with_an_ova_is_named_and_rejected(data, code) -> None:
    inspection = inspect(data, "vm.ova")

    assert code in codes(inspection)
    assert inspection.verdicts["image"] == "rejected"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ova.ova({"disk1.vmdk": VMDK}, 'ovf:compression="gzip"'), "OvaCompressedDisk"),
        (ova.ova({"disk1.vhd": vhd.dynamic(DISK)}), "OvaDiskFormat"),
    ],
)
def test_what_nobody_has_recorded_to_fail_is_a_doubt(data, code) -> None:
    inspection, twin = inspect(data, "vm.ova"), inspect(ova.ova({"disk1.vmdk": VMDK}), "vm.ova")

    assert codes(inspection) - codes(twin) == {code}
    assert verdict(inspection)[0] == "doubtful"
    assert verdict(twin)[0] == "accepted"


def test_a_missing_file_that_is_no_disk_is_a_doubt_and_a_missing_disk_is_not() -> None:
    both = ova.ovf({"disk1.vmdk": VMDK, "cd.iso": b"x"})
    no_disk = both.replace(b'ovf:fileRef="file1"', b"")
    assert no_disk != both

    without_cd = inspect(ova.archive({"vm.ovf": no_disk, "disk1.vmdk": VMDK}), "vm.ova")
    without_disk = inspect(ova.archive({"vm.ovf": both, "disk1.vmdk": VMDK}), "vm.ova")

    assert "OvaMissingFile" in codes(without_cd) & codes(without_disk)
    assert verdict(without_cd)[0] == "doubtful"
    assert verdict(without_disk)[0] == "rejected"


def test_chunks_are_reported_once_and_not_as_missing() -> None:
    data = ova.archive({"vm.ovf": OVF, "disk1.vmdk.000000000": VMDK})

    inspection = inspect(data, "vm.ova")

    assert [finding.code for finding in inspection.findings].count("OvaChunkedDisk") == 1
    assert "OvaMissingFile" not in codes(inspection)


def test_a_path_in_a_descriptor_is_looked_up_in_the_archive_only(tmp_path) -> None:
    outside = tmp_path / "outside.vmdk"
    outside.write_bytes(VMDK)

    inspection = inspect(ova.archive({"vm.ovf": ova.ovf({str(outside): VMDK})}), "vm.ova")

    assert inspection.disks == []
    assert "OvaMissingFile" in codes(inspection)
