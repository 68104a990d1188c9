"""``python -m vmie_runtime.inspect``."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from tests.unit.images.builders import vhdx, vmdk
from tests.unit.images.builders.partitioned import mbr_disk
from vmie_runtime.inspect import main

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


def test_a_file_that_cannot_be_read_exits_with_3(capsys) -> None:
    assert main(["no-such-file.vmdk"]) == 3

    assert "no-such-file.vmdk cannot be read: [Errno 2]" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--method", "magic", "x"], ["x", "y"]])
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
    s3.upload_file(DEMO, "images", "folder/demo-linux.vmdk")

    assert main(["s3://images/folder/demo-linux.vmdk", "--region", "eu-west-1"]) == 0
    assert "demo-linux.vmdk: streamOptimized VMDK" in capsys.readouterr().out

    assert main(["s3://images/gone.vmdk", "--region", "eu-west-1"]) == 3
    assert "s3://images/gone.vmdk cannot be read: An error occurred (404)" in capsys.readouterr().err
