from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime.made import Made
from vmie_runtime.request import (
    OpenState,
    Request,
    Source,
    Status,
    direct_request_id,
    fleet_entry_id,
    request_id,
)
from vmie_runtime.sources import comparable
from vmie_runtime.table_items import deserialise, serialise

texts = st.text(min_size=1, max_size=40)
sources = st.builds(
    Source,
    bucket=texts,
    key=texts,
    version_id=st.none() | texts,
    etag=texts,
    size=st.integers(min_value=0, max_value=2**44),
    sequencer=st.text(alphabet="0123456789ABCDEF", min_size=1, max_size=32),
)
documents = st.dictionaries(texts, st.integers() | texts | st.none() | st.floats(allow_nan=False))
ids = st.lists(texts, unique=True, max_size=3).map(tuple)
made = st.builds(Made, **{each.name: ids for each in fields(Made)})
requests = st.builds(
    Request,
    id=texts,
    source=st.none() | sources,
    status=st.sampled_from(Status),
    open_state=st.none() | st.sampled_from(OpenState),
    queued_at=texts,
    task_id=st.none() | texts,
    attempt=st.integers(min_value=1, max_value=9),
    superseded=st.booleans(),
    method=st.none() | st.sampled_from(["auto", "image", "snapshot"]),
    parameters=documents,
    options=documents,
    fleet=st.none() | texts,
    ordinal=st.none() | st.integers(min_value=0, max_value=9999),
    direct=st.booleans(),
    stage=st.integers(min_value=0, max_value=30),
    made=made,
    disks=st.lists(documents, max_size=2),
    outcome=st.none() | documents,
    inspection=st.none() | documents,
)


@given(requests)
def test_a_request_survives_the_table(request):
    assert Request.from_item(deserialise(serialise(request.to_item()))) == request


@given(sources)
def test_every_delivery_of_an_event_names_the_same_request(source):
    assert request_id(source) == request_id(replace(source, etag="another", size=1))


@given(sources)
def test_another_version_is_another_request(source):
    assert request_id(source) != request_id(replace(source, version_id="another version", sequencer="FF"))


def test_sequencers_of_different_lengths_compare_as_s3_says():
    assert comparable("0055AED6DCD90281E5") < comparable("0055AED6DCD90281E501")
    assert comparable("0055AED6DCD90281E6") > comparable("0055AED6DCD90281E5FF")
    assert comparable("00AB") == comparable("00ab")


@given(sources, texts)
def test_an_entry_of_a_fleet_is_the_same_whatever_version_it_was_dropped_with(source, digest):
    dropped_again = replace(source, version_id="another version", sequencer="FF", etag="another")

    assert fleet_entry_id(source, digest) == fleet_entry_id(dropped_again, digest)
    assert fleet_entry_id(source, digest) not in (request_id(source), fleet_entry_id(source, f"{digest}0"))


def test_an_execution_that_somebody_started_names_its_request():
    arn = "arn:aws:states:us-east-1:123456789012:execution:Import:mine"

    assert direct_request_id(arn) == direct_request_id(arn) != direct_request_id(f"{arn}-2")


@given(made, made)
def test_what_two_stages_made_is_kept_once_and_in_order(one, other):
    both = one.and_also(other)

    assert both.image_ids[: len(one.image_ids)] == one.image_ids
    assert set(both.snapshot_ids) == {*one.snapshot_ids, *other.snapshot_ids}
    assert both.and_also(other) == both
    assert Made.from_document(both.to_document()) == both


def request_of(**changes) -> Request:
    return Request(
        **{
            "id": "ab" * 16,
            "source": Source(bucket="b", key="k", version_id=None, etag="e", size=1, sequencer="1"),
            "status": Status.QUEUED,
            "open_state": OpenState.QUEUED,
            "queued_at": "2026-11-20T10:00:00.000Z",
            **changes,
        }
    )


def test_the_execution_and_the_token_follow_admission_and_attempt():
    request = request_of(attempt=2, admission=3)

    assert request.execution_name == f"{'ab' * 16}-3"
    assert request.token == f"vmie-{'ab' * 16}-2"


def test_each_stage_has_a_token_of_its_own_that_ec2_takes():
    tokens = [request_of(attempt=99, stage=stage).token for stage in range(30)]

    assert len(set(tokens)) == 30
    assert max(map(len, tokens)) <= 64  # the longest ClientToken that EC2 takes


def test_a_message_calls_a_request_by_its_key_or_its_execution():
    arn = "arn:aws:states:us-east-1:123456789012:execution:Import:mine"

    assert request_of().label == "'k'"
    assert request_of(source=None, execution_arn=arn).label == "the execution mine"


def test_a_task_token_is_not_shown():
    """It lets whoever has it end the execution's wait."""
    assert "secret" not in repr(request_of(task_token="secret"))
