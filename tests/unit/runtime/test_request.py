from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime.request import OpenState, Request, Source, Status, request_id
from vmie_runtime.requests_table import comparable
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
requests = st.builds(
    Request,
    id=texts,
    source=sources,
    status=st.sampled_from(Status),
    open_state=st.none() | st.sampled_from(OpenState),
    queued_at=texts,
    task_id=st.none() | texts,
    attempt=st.integers(min_value=1, max_value=9),
    superseded=st.booleans(),
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


def test_the_execution_and_the_token_follow_admission_and_attempt():
    request = Request(
        id="ab" * 16,
        source=Source(bucket="b", key="k", version_id=None, etag="e", size=1, sequencer="1"),
        status=Status.QUEUED,
        open_state=OpenState.QUEUED,
        queued_at="2026-11-20T10:00:00.000Z",
        attempt=2,
        admission=3,
    )
    assert request.execution_name == f"{'ab' * 16}-3"
    assert request.client_token == f"vmie-{'ab' * 16}-2"
    assert len(request.client_token) <= 64  # the longest ClientToken that EC2 takes
