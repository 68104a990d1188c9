"""What the requests table makes of DynamoDB's refusals; its conditions run in tests/local."""

import pytest

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import LATER, NOW, SOON, World
from vmie_runtime.errors import TransientServiceError
from vmie_runtime.request import OpenState, Status


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmie_runtime.table_access.time.sleep", lambda _: None)


def cancelled(*codes: str) -> Exception:
    reasons = [{"Code": code} for code in codes]
    return refusal("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)


def test_a_write_that_meets_a_transaction_may_be_repeated(world: World):
    request = world.request()
    world.aws.dynamodb.refuse["UpdateItem"] = [refusal("TransactionConflictException", "UpdateItem")]

    with pytest.raises(TransientServiceError):
        world.table.update(request.id, {"superseded": True})


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_in_a_crowd_is_repeated(world: World, code: str):
    request = world.request()
    world.aws.dynamodb.refuse["TransactWriteItems"] = [cancelled(code, "None"), cancelled("None", code)]

    assert world.table.admit(request, now=NOW, deadline_at=LATER)


def test_a_transaction_that_meets_others_again_and_again_is_left_for_later(world: World):
    request = world.request()
    world.aws.dynamodb.refuse["TransactWriteItems"] = [cancelled("TransactionConflict", "None")] * 8

    with pytest.raises(TransientServiceError, match="contended"):
        world.table.admit(request, now=NOW, deadline_at=LATER)


def test_a_transaction_that_can_never_succeed_is_not_repeated(world: World):
    request = world.request()
    world.aws.dynamodb.refuse["TransactWriteItems"] = [cancelled("ValidationError", "None")]

    with pytest.raises(Exception, match="TransactionCanceledException"):
        world.table.admit(request, now=NOW, deadline_at=LATER)


def test_a_request_is_admitted_only_as_it_was_read(world: World):
    """A secondary index may show a request as it was before an admission that met the quota."""
    seen = world.request()
    assert world.table.admit(seen, now=NOW, deadline_at=LATER)
    assert world.table.return_to_queue(world.find(seen), not_before=LATER)

    assert not world.table.admit(seen, now=SOON, deadline_at=LATER)
    assert world.table.admit(world.find(seen), now=SOON, deadline_at=LATER)
    assert world.find(seen).admission == 2


def test_a_request_that_shall_stop_is_not_admitted(world: World):
    request = world.request()
    world.table.update(request.id, {"stop": {"Code": "SourceDeleted", "Message": "gone"}})

    assert not world.table.admit(request, now=NOW, deadline_at=LATER)


def test_the_end_of_what_never_had_a_lease_leaves_the_leases_item_alone(world: World):
    """Thousands of rejections at once would contend for it with the admissions."""
    request = world.request(open_state=OpenState.ENDING)

    assert world.table.conclude(request, status=Status.REJECTED, now=NOW)
    assert not world.table.conclude(request, status=Status.REJECTED, now=NOW)
    assert "TransactWriteItems" not in world.aws.dynamodb.calls
