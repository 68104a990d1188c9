"""The next steps of an export: commands that run as they are, with no authority in them."""

from __future__ import annotations

import shlex

import pytest

from vmie_runtime.export_next_steps import after_export

FILE = {"Uri": "s3://files/exports/export-ami-1.vmdk", "Size": 4711, "Checksum": "ETag:e1"}


@pytest.mark.parametrize("prefix", ["exports/", "exports/my vm/", "exports/it's $HOME/", "exports/a?b#c/"])
def test_the_file_is_fetched_whatever_its_key_is_made_of(prefix: str) -> None:
    key = f"{prefix}export-ami-1.vmdk"
    fetch, compare, *_ = after_export([{**FILE, "Uri": f"s3://files/{key}"}], "eu-west-1")

    assert shlex.split(fetch.partition(": ")[2]) == [
        *("aws", "s3", "cp", f"s3://files/{key}", "."),
        *("--region", "eu-west-1"),
    ]
    arguments = shlex.split(compare[compare.index("aws s3api") :])
    assert arguments[arguments.index("--key") + 1] == key
    assert "4711 bytes" in compare


@pytest.mark.parametrize(
    ("suffix", "tool"),
    [("ova", "ovftool"), ("vmdk", "vmkfstools"), ("vhd", "Convert-VHD"), ("raw", "qemu-img")],
)
def test_each_kind_of_file_has_its_use(suffix: str, tool: str) -> None:
    *_, use = after_export([{**FILE, "Uri": f"s3://files/exports/export-1.{suffix}"}], "eu-west-1")

    assert tool in use
    assert f"export-1.{suffix}" in use


def test_every_file_is_told_of_and_nothing_where_there_is_none() -> None:
    assert len(after_export([FILE, FILE], "eu-west-1")) == 6
    assert after_export([], "eu-west-1") == []
