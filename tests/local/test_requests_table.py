"""The requests table against DynamoDB's own conditions, also when many write at once."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from vmie_local import LocalAws
from vmie_runtime.request import OpenState, Request, Source, Status
from vmie_runtime.requests_table import RequestsTable

NOW = "2026-11-20T10:00:00.000Z"
LATER = "2026-11-20T22:00:00.000Z"
numbers = count()


@pytest.fixture
def table(cloud: LocalAws):
    client, name = cloud.client("dynamodb"), f"requests-{next(numbers)}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in ("Id", "OpenState", "QueuedAt", "SourceAddress", "Sequencer")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": partition, "KeyType": "HASH"},
                    {"AttributeName": sort, "KeyType": "RANGE"},
                ],
                "Projection": projection,
            }
            for index, partition, sort, projection in (
                ("open", "OpenState", "QueuedAt", {"ProjectionType": "KEYS_ONLY"}),
                (
                    "source",
                    "SourceAddress",
                    "Sequencer",
                    {
                        "ProjectionType": "INCLUDE",
                        "NonKeyAttributes": ["Status", "OpenState", "VersionId", "Fleet"],
                    },
                ),
            )
        ],
    )
    yield RequestsTable(client, name, max_leases=5)
    client.delete_table(TableName=name)


def request(number: int, **changes) -> Request:
    values = {
        "id": f"request-{number}",
        "source": Source(
            bucket="b", key=f"images/{number}.vmdk", version_id="v1", etag="e", size=1, sequencer="0A"
        ),
        "status": Status.QUEUED,
        "open_state": OpenState.QUEUED,
        "queued_at": f"2026-11-20T10:00:{number:02d}.000Z",
    }
    return Request(**{**values, **changes})


def test_a_request_is_created_once(table: RequestsTable):
    assert table.create(request(1))
    assert not table.create(request(1, status=Status.RUNNING))
    assert table.find("request-1") == request(1)


def test_requests_wait_in_the_order_of_their_arrival(table: RequestsTable):
    for number in (3, 1, 2):
        table.create(request(number))

    assert [each.id for each in table.with_state(OpenState.QUEUED)] == ["request-1", "request-2", "request-3"]


def test_many_admissions_at_once_grant_no_lease_too_many(table: RequestsTable):
    waiting = [request(number) for number in range(40)]
    for each in waiting:
        table.create(each)

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(lambda each: table.admit(each, now=NOW, deadline_at=LATER), waiting * 2))

    assert sum(granted) == 5
    assert len(table.leases.holders()) == 5
    assert {each.id for each in table.with_state(OpenState.LIVE)} == table.leases.holders()


def test_a_lease_returned_goes_to_the_next(table: RequestsTable):
    for number in range(6):
        table.create(request(number))
    admitted = [table.admit(request(number), now=NOW, deadline_at=LATER) for number in range(6)]
    assert admitted == [True] * 5 + [False]

    assert table.return_to_queue(request(0, admission=1), not_before=LATER)
    assert table.admit(request(5), now=NOW, deadline_at=LATER)
    assert not table.admit(request(0, not_before=LATER), now=NOW, deadline_at=LATER)

    first = table.find("request-1")
    assert first is not None
    assert table.conclude(first, status=Status.SUCCEEDED, now=NOW)
    assert not table.conclude(first, status=Status.FAILED, now=NOW)
    assert "request-1" not in table.leases.holders()
    ended = table.find("request-1")
    assert ended is not None
    assert (ended.status, ended.open_state, ended.ended_at) == (Status.SUCCEEDED, None, NOW)


def test_an_ended_request_is_changed_no_more(table: RequestsTable):
    table.create(request(1))
    table.conclude(request(1), status=Status.CANCELLED, now=NOW)

    assert not table.update("request-1", {"task_id": "import-ami-0"})
    assert not table.update("request-1", {"stop": {"Code": "SourceDeleted", "Message": "gone"}}, unset="stop")
    assert not table.update("request-404", {"superseded": True})


def test_the_first_outcome_stays(table: RequestsTable):
    table.create(request(1))

    assert table.update("request-1", {"outcome": {"Status": "Failed"}}, unset="outcome")
    assert not table.update("request-1", {"outcome": {"Status": "Succeeded"}}, unset="outcome")
    found = table.find("request-1")
    assert found is not None
    assert found.outcome == {"Status": "Failed"}


def test_an_older_event_does_not_become_the_newest_of_its_key(table: RequestsTable):
    old = request(1, source=Source(bucket="b", key="k", version_id="1", etag="e", size=1, sequencer="0A"))
    new = request(2, source=Source(bucket="b", key="k", version_id="2", etag="f", size=1, sequencer="0A01"))
    table.sources.note_newest(new.source, new.id, now=NOW)
    table.sources.note_newest(old.source, old.id, now=NOW)

    assert table.sources.is_newest(new)
    assert not table.sources.is_newest(old)
