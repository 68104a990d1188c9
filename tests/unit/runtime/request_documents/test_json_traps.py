"""JSON that is not, or that readers read differently."""

import json

import pytest

from tests.unit.runtime.request_documents.asking import (
    accepted,
    entry_of,
    image,
    parameters_at_fault,
    rejected,
)
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents import parse_file, parse_start
from vmie_runtime.request_documents.json_text import MAX_BYTES

REQUEST = json.dumps(image()).encode()


def test_a_byte_order_mark_is_no_hindrance():
    assert accepted(b"\xef\xbb\xbf" + REQUEST).operation == "ImportImage"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is not JSON"),
        (b"   ", "is not JSON"),
        (b"{", "is not JSON"),
        (REQUEST + b",", "is not JSON: Extra data in line 1, column"),
        (b"{'DiskContainers': []}", "in line 1, column 2"),
        (REQUEST.decode().encode("utf-16"), "is not UTF-8"),
        (b'"\xff"', "is not UTF-8: byte 1"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"Vmie":' * 40 + b"1" + b"}" * 40, "nested deeper"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(body, words):
    with pytest.raises(RequestRejected) as raised:
        parse_file(body)
    assert raised.value.code == "InvalidJson"
    assert words in raised.value.text


@pytest.mark.parametrize("body", [b"null", b"true", b"7", b'"images/web-1.vmdk"', b"NaN", b"1e999"])
def test_a_value_is_no_request(body):
    with pytest.raises(RequestRejected) as raised:
        parse_file(body)
    assert raised.value.code == "InvalidRequestFile"


def test_a_file_that_is_too_large_is_refused_unread():
    with pytest.raises(RequestRejected, match="16,777,216") as raised:
        parse_file(b"[" + b" " * MAX_BYTES + b"]")
    assert raised.value.code == "RequestFileTooLarge"


def test_a_file_of_a_million_empty_lists_is_refused_unread():
    with pytest.raises(RequestRejected, match="more than 1,000,000 values"):
        parse_file(b"[" + b"[]," * 600_000 + b"[]]")


def test_a_key_named_twice_is_named():
    rejection = rejected(b'{"DiskContainers": [{"Url": "s3://one/a.raw", "Url": "s3://two/b.raw"}]}')
    assert rejection.code == "InvalidJson"
    assert parameters_at_fault(rejection) == ["DiskContainers[0].Url"]
    assert 'Key named twice in DiskContainers[0]: "Url"' in rejection.text


def test_half_a_surrogate_pair_is_named():
    rejection = rejected(b'{"DiskContainers": [{"UserBucket": {"S3Key": "a\\ud800.raw"}}]}')
    assert parameters_at_fault(rejection) == ["DiskContainers[0].UserBucket.S3Key"]


def test_a_whole_surrogate_pair_is_a_letter():
    disk = accepted(b'{"DiskContainers": [{"UserBucket": {"S3Key": "\\ud83d\\ude00.raw"}}]}')
    assert disk.parameters["DiskContainers"][0]["UserBucket"]["S3Key"] == "\N{GRINNING FACE}.raw"


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 50, "9" * 5000, "1.5", "true"]
)
def test_a_number_that_is_no_count_is_refused_under_its_key(number):
    body = json.dumps(image(Vmie={"Attempts": 0})).replace(" 0}", f" {number}}}").encode()
    assert parameters_at_fault(rejected(body)) == ["Vmie.Attempts"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_size_that_is_no_number_is_refused_under_its_key(number):
    body = json.dumps(image(ClientData={"UploadSize": 0})).replace(" 0}", f" {number}}}").encode()
    assert parameters_at_fault(rejected(body)) == ["ClientData.UploadSize"]


@pytest.mark.parametrize("bytes_", [2**63, -(2**63) - 1, 0, -1])
def test_a_number_that_ec2_cannot_hold_is_refused(bytes_):
    document = {
        "AvailabilityZone": "us-east-1a",
        "Volume": {"Size": 1},
        "Image": {"Format": "RAW", "Bytes": bytes_, "ImportManifestUrl": "s3://disks-of-ours/a.raw"},
    }
    assert parameters_at_fault(rejected(document)) == ["Image.Bytes"]


def test_a_request_that_no_state_could_carry_is_refused():
    rejection = rejected(image(Description="x" * 100_000))
    assert "98,304" in rejection.text


@pytest.mark.parametrize("when", ["yesterday", -1, 1e18, "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_refused(when):
    assert parameters_at_fault(rejected(image(ClientData={"UploadEnd": when}))) == ["ClientData.UploadEnd"]


def test_control_characters_do_not_reach_a_message():
    rejection = rejected(image(Platform="Linux\n\x1b[31mroot: all is well\u202e"))
    assert rejection.text.isprintable()
    assert entry_of(image()).rejection is None


def test_a_start_with_a_huge_number_is_refused_under_its_key():
    with pytest.raises(RequestRejected) as raised:
        parse_start(image(Vmie={"Attempts": 10**50}))
    assert parameters_at_fault(raised.value) == ["Vmie.Attempts"]
    assert "a number of more than 40 digits" in raised.value.text


def test_a_start_with_a_number_that_python_will_not_print_is_refused():
    with pytest.raises(RequestRejected, match="thousands of digits"):
        parse_start(image(Vmie={"Attempts": 10**5000}))
