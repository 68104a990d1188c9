"""The published schema and the page say what the runtime does."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from scripts.request_schema import request_schema
from scripts.requests_page import EXAMPLES, requests_page
from tests.unit.runtime.request_documents.asking import image, rejected, snapshot, valid
from tests.unit.runtime.request_documents.test_properties import changed, valid_places, values
from tests.unit.runtime.request_documents.valid_requests import VALID_REQUESTS
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents import parse_file
from vmie_runtime.request_documents.options import OPTIONS

SCHEMA = Draft202012Validator(request_schema())
FENCED = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(request_schema())


@pytest.mark.parametrize("name", VALID_REQUESTS)
def test_a_valid_request_fits_the_schema(name):
    SCHEMA.validate(VALID_REQUESTS[name])
    SCHEMA.validate({"$schema": "request.schema.json", "Requests": [VALID_REQUESTS[name]]})
    if isinstance(VALID_REQUESTS[name], dict):
        SCHEMA.validate({"$schema": "request.schema.json", **VALID_REQUESTS[name]})


def fits(document: Any) -> bool:
    return SCHEMA.is_valid(document)


@given(valid_places, values)
@settings(max_examples=300, deadline=None)
def test_what_the_runtime_takes_fits_the_schema(place, value):
    name, path = place

    def replace(target, last):
        target[last] = value

    document = changed(VALID_REQUESTS[name], path, replace)
    try:
        entries = parse_file(json.dumps(document).encode()).entries
    except RequestRejected:
        return
    if all(entry.document for entry in entries):
        SCHEMA.validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        7,
        [],
        {"Requests": []},
        {"Requests": [image()], "Vmie": {}},
        image(Nonsense=1),
        image(Encrypted="true"),
        image(KmsKeyId="alias/images"),
        snapshot(Vmie={"CreateVolume": {"AvailabilityZone": "eu-west-1a", "KmsKeyId": "alias/disks"}}),
        {"UserBucket": {"S3Key": "a"}, "Nonsense": 1},
        {"UserBucket": {"S3Key": "a"}, "KmsKeyId": "alias/disks"},
        image(BootMode="uefi-preferred"),
        image(LicenseType="byo"),
        image(LicenseType="BYOL", UsageOperation="RunInstances"),
        image({}),
        image({"UserBucket": {"S3Key": "a"}, "Url": "s3://b-1/a"}),
        {"DiskContainers": image()["DiskContainers"] * 22},
        image(TagSpecifications=[{"ResourceType": "image", "Tags": []}]),
        image(Vmie={"CreateVolume": {}}),
        image(Vmie={"Name": "ab"}),
        image(Vmie={"Tags": {"AWS:x": ""}}),
        image(Vmie={"Tags": {"k": 1}}),
        image(Vmie={"Deadline": "12h"}),
        image(Vmie={"Attempts": 6}),
        image(Vmie={"ImportTaskId": "import-snap-0123456789abcdef0"}),
        snapshot(Vmie={"Method": "snapshot"}),
        snapshot(Vmie={"RegisterImage": {"KernelId": "aki-1"}}),
        valid("an image export", S3ExportLocation={"S3Prefix": "elsewhere/"}),
        valid("an image export", DiskImageFormat="vmdk"),
        valid("a volume", Volume=None),
    ],
)
def test_what_does_not_fit_the_schema_is_rejected_by_the_runtime_too(document):
    assert not fits(document)
    try:
        rejected(document)
    except RequestRejected:
        return


def test_every_option_is_described_in_the_schema():
    described = {
        name: schema["description"]
        for definition in request_schema()["$defs"].values()
        for name, schema in definition.get("properties", {}).get("Vmie", {}).get("properties", {}).items()
    }
    assert set(described) == set(OPTIONS)
    assert all(option.meaning in described[name] for name, option in OPTIONS.items())


def examples() -> list[Any]:
    return [json.loads(text) for text in FENCED.findall(requests_page())]


def test_the_page_has_every_example():
    assert len(examples()) == len(EXAMPLES) + 2


@pytest.mark.parametrize("number", range(len(EXAMPLES) + 2))
def test_an_example_can_be_dropped_as_it_is(number):
    example = examples()[number]
    for entry in parse_file(json.dumps(example).encode()).entries:
        assert entry.rejection is None, entry.rejection
    SCHEMA.validate(example)
    if isinstance(example, dict):
        SCHEMA.validate({"$schema": "request.schema.json", **copy.deepcopy(example)})


def test_the_pages_sample_of_a_rejection_is_what_the_runtime_says():
    rejection = rejected(image({"UserBucket": {"S3key": "disks/web-1.vmdk"}}))
    assert f"```\n{rejection.text}\n```" in requests_page()


def test_the_links_of_the_page_lead_somewhere():
    page = requests_page()
    headings = {
        heading.lower().replace(" ", "-").replace(",", "")
        for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    docs = Path(__file__).parents[4] / "docs"
    for link in re.findall(r"\]\(([^)]+)\)", page):
        name, _, anchor = link.partition("#")
        assert (docs / name).is_file() if name else anchor in headings
