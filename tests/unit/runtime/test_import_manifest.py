from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime import import_manifest
from vmie_runtime.import_manifest import DiskObject, ImportManifest, Scratch

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
DISK = DiskObject("images", "volumes/data.vmdk", 1_000_000, "VMDK")
SCRATCH = Scratch("work", "scratch/7f3a/1/")


def make_client(signature: str | None = "s3v4") -> Any:
    return boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(signature_version=signature),
    )


S3 = make_client()


def manifest(disk: DiskObject = DISK, scratch: Scratch = SCRATCH, **arguments: Any) -> ImportManifest:
    given = {"volume_gib": 8, "now": NOW, "valid_until": NOW + timedelta(hours=6), **arguments}
    return ImportManifest.for_object(S3, disk, scratch=scratch, **given)


def texts(made: ImportManifest) -> dict[str, str]:
    """The document's texts by name; every name but `name`, `version` and `release` is there once."""
    return {element.tag: element.text or "" for element in fromstring(made.xml).iter()}


def addressed(url: str) -> tuple[str, str]:
    """Bucket and key of a presigned URL."""
    parts = urlsplit(url)
    return parts.netloc.partition(".")[0], unquote(parts.path[1:])


def test_the_document_has_the_elements_of_the_documented_schema_in_their_order():
    root = fromstring(manifest().xml)

    assert [child.tag for child in root] == [
        "version",
        "file-format",
        "importer",
        "self-destruct-url",
        "import",
    ]
    assert [child.tag for child in root.find("importer")] == ["name", "version", "release"]
    assert [child.tag for child in root.find("import")] == ["size", "volume-size", "parts"]
    (part,) = root.find("import/parts")
    assert [child.tag for child in part] == ["byte-range", "key", "head-url", "get-url", "delete-url"]
    assert (root.find("version").text, root.find("file-format").text) == ("2010-11-15", "VMDK")


def test_the_one_part_is_the_whole_object():
    root = fromstring(manifest().xml)
    image, parts = root.find("import"), root.find("import/parts")

    assert (image.find("size").text, image.find("volume-size").text) == ("1000000", "8")
    assert (parts.attrib, parts[0].attrib) == ({"count": "1"}, {"index": "0"})
    assert parts[0].find("byte-range").attrib == {"start": "0", "end": "999999"}
    assert addressed(parts[0].find("get-url").text) == ("images", "volumes/data.vmdk")
    assert addressed(parts[0].find("head-url").text) == ("images", "volumes/data.vmdk")


def test_what_is_deleted_is_scratch_and_never_the_image():
    found = texts(manifest())

    assert addressed(found["self-destruct-url"]) == ("work", "scratch/7f3a/1/manifest.xml")
    assert addressed(found["delete-url"]) == ("work", "scratch/7f3a/1/part-0")


def test_a_version_is_read_where_one_is_named():
    found = texts(manifest(replace(DISK, version_id="v/1")))

    assert parse_qs(urlsplit(found["get-url"]).query)["versionId"] == ["v/1"]
    assert parse_qs(urlsplit(found["head-url"]).query)["versionId"] == ["v/1"]
    assert "versionId" not in texts(manifest())["get-url"]


def test_every_url_is_valid_until_the_asked_moment():
    found = texts(manifest(valid_until=NOW + timedelta(minutes=90)))

    for name in ("self-destruct-url", "head-url", "get-url", "delete-url"):
        query = parse_qs(urlsplit(found[name]).query)
        assert query["X-Amz-Expires"] == ["5400"]
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_neither_the_document_nor_a_url_is_in_the_representation():
    made = manifest()

    assert "X-Amz" not in repr(made)
    assert "https" not in repr(made)


@pytest.mark.parametrize("valid_for", [timedelta(0), timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_an_impossible_validity_is_refused(valid_for: timedelta):
    with pytest.raises(ValueError, match="valid for a second to seven days"):
        manifest(valid_until=NOW + valid_for)


@pytest.mark.parametrize(
    ("disk", "scratch", "volume_gib", "message"),
    [
        (replace(DISK, format="VHDX"), SCRATCH, 8, "VMDK, RAW, VHD, not 'VHDX'"),
        (replace(DISK, size=0), SCRATCH, 8, "is empty"),
        (DISK, SCRATCH, 0, "1 GiB or more"),
        (DISK, Scratch("work", "scratch"), 8, "must end in '/'"),
        (DISK, Scratch("work", ""), 8, "must end in '/'"),
        (DISK, Scratch("images", "volumes/"), 8, "where the service deletes"),
    ],
)
def test_what_cannot_be_imported_is_refused(
    disk: DiskObject, scratch: Scratch, volume_gib: int, message: str
):
    with pytest.raises(ValueError, match=message):
        manifest(disk, scratch, volume_gib=volume_gib)


def test_a_client_of_signature_version_2_is_refused():
    with pytest.raises(ValueError, match="Signature Version 2"):
        ImportManifest.for_object(
            make_client(None),
            DISK,
            volume_gib=8,
            scratch=SCRATCH,
            now=NOW,
            valid_until=NOW + timedelta(hours=1),
        )


@given(st.text(min_size=1, max_size=200))
def test_any_key_gives_a_document_that_can_be_read_and_a_url_of_that_key(key: str):
    found = texts(manifest(replace(DISK, key=key)))

    assert addressed(found["get-url"]) == ("images", key)
    assert found["key"] == key or unquote(found["key"]) == key


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = make_client()
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def test_the_manifest_is_written_to_its_scratch_key_and_its_url_reads_it(stubbed: tuple[Any, Stubber]):
    client, stubber = stubbed
    made = manifest()
    place = {"Bucket": "work", "Key": "scratch/7f3a/1/manifest.xml"}
    stubber.add_response("put_object", {}, {**place, "Body": made.xml, "ContentType": "application/xml"})
    url = made.write(client, S3, now=NOW + timedelta(hours=1))

    assert addressed(url) == ("work", "scratch/7f3a/1/manifest.xml")
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["18000"], "it ends with those in the manifest"


def test_removing_takes_the_manifest_away(stubbed: tuple[Any, Stubber]):
    client, stubber = stubbed
    stubber.add_response("delete_object", {}, {"Bucket": "work", "Key": "scratch/7f3a/1/manifest.xml"})

    import_manifest.remove(client, SCRATCH)
