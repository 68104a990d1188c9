"""No input makes the reader raise anything but a rejection, and every rejection names the key."""

import copy
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.runtime.request_documents.valid_requests import VALID_REQUESTS
from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents import RequestFile, parse_file, parse_start
from vmie_runtime.request_documents.nearest import nearest
from vmie_runtime.request_documents.operations import request_shape
from vmie_runtime.request_documents.options import OPERATIONS, VMIE
from vmie_runtime.request_documents.problems import shown
from vmie_runtime.request_documents.shape import Shape

texts = st.text(st.characters(codec=None), max_size=12)
known_names = st.sampled_from(
    sorted(
        {name for operation in OPERATIONS for name in request_shape(operation).members} | set(VMIE.members)
    )
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(
        ["s3://disks-of-ours/a.raw", "https://x", "uefi", "PT1H", "RAW", "ova", "import-ami-12345678"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(known_names | texts, inner, max_size=5),
    max_leaves=25,
)


def outcome_of(body: bytes) -> RequestFile | RequestRejected:
    try:
        file = parse_file(body)
    except RequestRejected as rejection:
        check_rejection(rejection)
        return rejection
    for ordinal, entry in enumerate(file.entries):
        assert entry.ordinal == ordinal
        assert (entry.document is None) != (entry.rejection is None)
        if entry.rejection is not None:
            check_rejection(entry.rejection)
    return file


def check_rejection(rejection: RequestRejected) -> None:
    assert rejection.code in BY_CODE
    assert rejection.status == "Rejected"
    assert json.loads(str(rejection))["Message"] == rejection.text
    rejection.text.encode()
    assert all(line.isprintable() for line in rejection.text.splitlines())
    for problem in rejection.facts.get("Problems", ()):
        assert problem["Code"] in BY_CODE
        last = problem["Parameter"].rpartition(".")[2]
        assert last in rejection.text or last == "input"


@given(st.binary(max_size=400))
@example(b"\xff\xfe{\x00}\x00")
def test_arbitrary_bytes_are_rejected_or_read(body):
    outcome_of(body)


@given(values)
def test_arbitrary_json_is_rejected_or_read(document):
    outcome_of(json.dumps(document).encode())
    outcome_of(json.dumps({"Requests": [document, document]}).encode())


@given(values)
def test_an_arbitrary_start_is_rejected_or_read(document):
    try:
        parse_start(document)
    except RequestRejected as rejection:
        check_rejection(rejection)


@given(st.dictionaries(known_names, values, max_size=6))
@example({"DiskContainers": [], "TagSpecifications": [{"Tags": [{"Key": ""}]}]})
@settings(max_examples=300)
def test_known_keys_with_arbitrary_values_are_rejected_or_read(document):
    outcome_of(json.dumps(document).encode())


@given(
    st.dictionaries(st.sampled_from(sorted(VMIE.members)), values, max_size=5),
    st.sampled_from(list(VALID_REQUESTS)),
)
def test_arbitrary_options_are_rejected_or_read(options, name):
    document = copy.deepcopy(VALID_REQUESTS[name])
    if isinstance(document, dict):
        outcome_of(json.dumps({**document, "Vmie": options}).encode())


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything in a document."""
    children = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [path, *(place for name, child in children for place in places(child, (*path, name)))]


def changed(document: Any, path: tuple[str | int, ...], change: Any) -> Any:
    """A copy of a document in which the container of a path was handed to a function."""
    copied = copy.deepcopy(document)
    target = copied
    for step in path[:-1]:
        target = target[step]
    change(target, path[-1])
    return copied


valid_places = st.sampled_from(
    [(name, path) for name, document in VALID_REQUESTS.items() for path in places(document) if path]
)
dict_places = st.sampled_from(
    [
        (name, path)
        for name, document in VALID_REQUESTS.items()
        for path in places(document)
        if path and isinstance(path[-1], str) and "Tags" not in path[:-1]
    ]
)


@given(valid_places, values)
@settings(max_examples=500)
def test_a_valid_request_with_one_value_replaced_is_rejected_or_read(place, value):
    name, path = place

    def replace(target, last):
        target[last] = value

    outcome_of(json.dumps(changed(VALID_REQUESTS[name], path, replace)).encode())


@given(valid_places)
def test_a_valid_request_with_one_thing_left_out_is_rejected_or_read(place):
    name, path = place
    outcome_of(
        json.dumps(changed(VALID_REQUESTS[name], path, lambda target, last: target.pop(last))).encode()
    )


@given(dict_places)
def test_a_value_of_no_type_at_all_is_refused_under_its_key(place):
    name, path = place

    def spoil(target, last):
        target[last] = None

    outcome = outcome_of(json.dumps(changed(VALID_REQUESTS[name], path, spoil)).encode())
    assert isinstance(outcome, RequestFile)
    rejection = outcome.entries[0].rejection
    assert rejection is not None
    assert str(path[-1]) in rejection.text


@given(dict_places, st.sampled_from(["x", "_", "-", "S"]))
def test_a_misspelt_key_is_refused_by_name(place, letter):
    name, path = place

    def misspell(target, last):
        target[f"{last}{letter}"] = target.pop(last)

    outcome = outcome_of(json.dumps(changed(VALID_REQUESTS[name], path, misspell)).encode())
    assert isinstance(outcome, RequestFile)
    rejection = outcome.entries[0].rejection
    assert rejection is not None
    assert f"{path[-1]}{letter}" in rejection.text


bodies = [json.dumps(document).encode() for document in VALID_REQUESTS.values()]
bodies.append(json.dumps({"Requests": list(VALID_REQUESTS.values())}).encode())
splices = st.binary(max_size=3) | st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\u",
        b"\\ud800",
        b"null",
        b"NaN",
        b"1e999",
        b"-",
        b"{}",
        b'"Vmie":',
    ]
)


@given(st.sampled_from(bodies), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), splices), max_size=4))
@settings(max_examples=300)
def test_a_damaged_file_is_rejected_or_read(body, damages):
    for where, lost, splice in damages:
        at = int(where * len(body))
        body = body[:at] + splice + body[at + lost :]
    outcome_of(body)


@given(texts, st.lists(texts, max_size=6))
def test_the_nearest_name_is_one_of_the_known(name, known):
    assert nearest(name, known) in {None, *known}


@given(values)
def test_what_is_shown_is_short_and_on_one_line(value):
    text = shown(value)
    assert text.isprintable()
    assert len(text) <= 81


def test_every_shape_has_a_check():
    from vmie_runtime.request_documents.validation import _CHECKS

    def types(shape: Shape) -> set[str]:
        inner = [*shape.members.values(), *([shape.element] if shape.element else [])]
        return {shape.type}.union(*(types(each) for each in inner))

    assert set().union(*(types(request_shape(operation)) for operation in OPERATIONS)) <= set(_CHECKS)
