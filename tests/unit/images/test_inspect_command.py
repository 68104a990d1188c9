"""``python -m vmie_runtime.inspect``."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.unit.images.builders import ova, vhdx, vmdk
from tests.unit.images.builders.partitioned import mbr_disk
from vmie_images import inspect_containers
from vmie_runtime.inspect import main
from vmie_runtime.object_checksum import checksum_of

DEMO = str(Path(__file__).parents[3] / "examples" / "images" / "demo-linux.vmdk")


def test_an_accepted_image_exits_with_0_and_says_what_it_is(capsys) -> None:
    assert main([DEMO]) == 0

    said = capsys.readouterr().out
    assert "demo-linux.vmdk: streamOptimized VMDK, 268435456 bytes" in said
    assert "Debian GNU/Linux 12 (bookworm), kernel 6.1.0-25-amd64, x86_64" in said
    assert "Verdicts: image accepted, snapshot accepted, direct accepted" in said


def test_the_document_is_printed_as_json(capsys) -> None:
    assert main(["--json", DEMO]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["Verdicts"] == {"image": "accepted", "snapshot": "accepted", "direct": "accepted"}
    assert document["Guest"]["Drivers"]["NvmeInInitramfs"] is True


def test_the_exit_status_is_the_verdict_on_the_method_that_was_asked_for(tmp_path, capsys) -> None:
    data_disk, dirty = tmp_path / "data.raw", tmp_path / "sparse.vmdk"
    data_disk.write_bytes(bytes(1 << 20))
    dirty.write_bytes(vmdk.sparse(mbr_disk()))

    assert main([str(data_disk)]) == 2
    assert main([str(data_disk), "--method", "snapshot"]) == 0
    assert main([str(dirty), "--method", "snapshot"]) == 2
    assert "Remedy: Convert it: `qemu-img convert" in capsys.readouterr().out


def test_a_doubtful_image_exits_with_1(tmp_path) -> None:
    doubtful = tmp_path / "disk.vhdx"
    doubtful.write_bytes(vhdx.vhdx(mbr_disk(), log=b"not replayed yet"))

    assert main([str(doubtful), "--method", "snapshot"]) == 1


def test_several_files_are_the_disks_of_one_machine(tmp_path, capsys) -> None:
    data_disk = tmp_path / "data.raw"
    data_disk.write_bytes(bytes(1 << 20))

    assert main([DEMO, str(data_disk)]) == 1

    said = capsys.readouterr().out
    assert "data.raw: RAW, 1048576 bytes" in said
    assert "warning: DataDiskWithoutPartitions [data.raw]" in said


def test_what_the_region_cannot_run_is_judged(monkeypatch) -> None:
    asked: list[str | None] = []

    def recording(files, **options):
        asked.append(options["region"])
        return inspect_containers(files, **options)

    monkeypatch.setattr("vmie_runtime.inspect.inspect_containers", recording)

    assert main([DEMO, "--region", "cn-north-1"]) == 0
    assert asked == ["cn-north-1"]


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--digests"], 1)])
def test_a_damaged_disk_of_an_ova_is_found_by_its_digest_where_asked(
    tmp_path, capsys, arguments, status
) -> None:
    content = Path(DEMO).read_bytes()
    descriptor = ova.ovf({"disk1.vmdk": content})
    manifest = ova.manifest({"vm.ovf": descriptor, "disk1.vmdk": content})
    damaged = bytearray(content)
    damaged[1500] ^= 1  # in the padding behind the embedded descriptor: nothing else tells
    archive = tmp_path / "vm.ova"
    archive.write_bytes(ova.archive({"vm.ovf": descriptor, "vm.mf": manifest, "disk1.vmdk": bytes(damaged)}))

    assert main([str(archive), "--json", *arguments]) == status

    document = json.loads(capsys.readouterr().out)
    found = [finding["Found"] for finding in document["Findings"] if finding["Code"] == "OvaManifestInvalid"]
    assert found == (["'disk1.vmdk' has another digest than the manifest says"] if arguments else [])
    assert document["Files"][0]["Manifest"] == (
        {"Checked": ["vm.ovf", "disk1.vmdk"], "Unchecked": []}
        if arguments
        else {"Checked": ["vm.ovf"], "Unchecked": ["disk1.vmdk"]}
    )


def test_a_file_that_cannot_be_read_exits_with_3(capsys) -> None:
    assert main(["no-such-file.vmdk"]) == 3

    assert "no-such-file.vmdk cannot be read: [Errno 2]" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--method", "magic", "x"], ["x", "--region", "Ireland"]])
def test_a_question_that_makes_no_sense_exits_with_3(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 3
    assert "vmie_runtime.inspect: " in capsys.readouterr().err


@mock_aws
def test_an_object_in_s3_is_read_by_ranges(capsys, monkeypatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="images", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    body = Path(DEMO).read_bytes()
    s3.put_object(Bucket="images", Key="folder/demo-linux.vmdk", Body=body, ChecksumAlgorithm="SHA256")

    assert main(["s3://images/folder/demo-linux.vmdk", "--region", "eu-west-1"]) == 0
    said = capsys.readouterr().out
    assert "demo-linux.vmdk: streamOptimized VMDK" in said
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert f"S3's checksum of demo-linux.vmdk: SHA256:{digest}" in said

    assert main(["s3://images/gone.vmdk", "--region", "eu-west-1"]) == 3
    assert "s3://images/gone.vmdk cannot be read: An error occurred (404)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("head", "checksum"),
    [
        ({"ChecksumSHA256": "abc=", "ChecksumType": "FULL_OBJECT"}, "SHA256:abc="),
        ({"ChecksumSHA256": "abc=-3", "ChecksumType": "COMPOSITE"}, "SHA256:abc=-3:COMPOSITE"),
        ({"ChecksumCRC64NVME": "xyz"}, "CRC64NVME:xyz"),
        ({"ETag": '"abc"'}, None),
    ],
)
def test_the_checksum_says_what_it_was_computed_over(head, checksum) -> None:
    assert checksum_of(head) == checksum
