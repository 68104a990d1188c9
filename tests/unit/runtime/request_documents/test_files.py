"""Files: one request, or a fleet of them."""

import json

import pytest

from tests.unit.runtime.request_documents.asking import image, snapshot
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents import parse_file, parse_start


def fleet(*entries, **others):
    return json.dumps({"Requests": list(entries), **others}).encode()


def test_one_bad_entry_stops_no_other():
    file = parse_file(fleet(image(), {"Nonsense": 1}, snapshot(), 7, image(Encrypted="no")))
    assert file.fleet
    assert [entry.ordinal for entry in file.entries] == [0, 1, 2, 3, 4]
    assert [entry.document.operation if entry.document else None for entry in file.entries] == [
        "ImportImage",
        None,
        "ImportSnapshot",
        None,
        None,
    ]
    assert [entry.rejection.code if entry.rejection else None for entry in file.entries] == [
        None,
        "UnknownOperation",
        None,
        "InvalidParameterType",
        "InvalidParameterType",
    ]


def test_the_guides_files_can_be_entries():
    file = parse_file(fleet(image()["DiskContainers"], snapshot()["DiskContainer"]))
    assert [entry.document.operation for entry in file.entries] == ["ImportImage", "ImportSnapshot"]


def test_a_key_named_twice_in_one_entry_stops_no_other():
    body = fleet(image(), "HERE").replace(b'"HERE"', b'{"DiskContainer": {}, "DiskContainer": {}}')
    first, second = parse_file(body).entries
    assert first.document is not None
    assert second.rejection.code == "InvalidJson"


def test_a_fleet_in_a_fleet_is_an_entry_that_is_no_request():
    (entry,) = parse_file(fleet({"Requests": [image()]})).entries
    assert entry.rejection.code == "UnknownOperation"


def test_an_entry_dropped_again_has_the_digest_it_had():
    first = parse_file(fleet(image(), snapshot(), image(Description="another")))
    again = parse_file(
        json.dumps(
            {"$schema": "x", "Requests": [image(Description="another"), dict(reversed(image().items()))]},
            indent=4,
        ).encode()
    )
    assert [entry.digest for entry in again.entries] == [first.entries[2].digest, first.entries[0].digest]


def test_the_order_of_keys_and_the_form_of_the_file_do_not_change_a_digest():
    one, other = (
        b'[{"Url": "s3://b-1/\xc3\xa9", "Format": "raw"}]',
        b'[{"Format":"raw","Url":"s3://b-1/\\u00e9"}]',
    )
    assert parse_file(one).entries[0].digest == parse_file(other).entries[0].digest


def test_equal_entries_are_requests_of_their_own():
    digests = [entry.digest for entry in parse_file(fleet(image(), image(), image())).entries]
    assert len(set(digests)) == 3
    assert digests[:2] == [entry.digest for entry in parse_file(fleet(image(), image())).entries]


def test_a_valid_and_an_invalid_entry_have_digests_alike():
    entries = parse_file(fleet(image(), image(Nonsense=1))).entries
    assert all(len(entry.digest) == 64 for entry in entries)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"Requests": []}', "is empty"),
        (b'{"Requests": {}}', '"Requests" is {} and must be an array'),
        (b'{"Requests": null}', "must be an array"),
        (fleet(image(), Vmie={}), 'it has "Vmie" beside "Requests"'),
        (b'{"Requests": [], "Requests": [{}]}', 'it names "Requests" twice'),
        (fleet(*range(10_001)), "holds 10,001 entries and may hold 10,000"),
    ],
)
def test_what_is_no_fleet_is_refused_whole(body, words):
    with pytest.raises(RequestRejected) as raised:
        parse_file(body)
    assert raised.value.code == "InvalidRequestFile"
    assert words in raised.value.text


def test_ten_thousand_entries_are_a_fleet():
    file = parse_file(fleet(*(image(Description=f"server {number}") for number in range(10_000))))
    assert len(file.entries) == 10_000
    assert all(entry.document for entry in file.entries)


def test_an_execution_carries_one_request():
    with pytest.raises(RequestRejected) as raised:
        parse_start({"Requests": [image()]})
    assert raised.value.code == "FleetNeedsFile"


@pytest.mark.parametrize("document", [None, 1, "images/web-1.vmdk", [], {}, [[]], [1]])
def test_a_start_with_something_else_is_rejected(document):
    with pytest.raises(RequestRejected):
        parse_start(document)
