from __future__ import annotations

from typing import Any

from vmie_local.events.event import Event
from vmie_local.events.tampering import Tamperer, Tampering


def event(source: str = "aws.states", **detail: Any) -> Event:
    return Event(account="1", region="r", source=source, detail_type="Change", detail=detail, time=0)


def test_untouched_events_come_once() -> None:
    assert Tamperer().copies(event()) == 1


def test_only_events_of_the_kind_are_lost_and_only_so_many() -> None:
    tamperer = Tamperer()
    order = tamperer.add(Tampering(0, source="aws.states", status="SUCCEEDED", times=2))
    sent = [
        event(status="RUNNING"),
        event("aws.s3", status="SUCCEEDED"),
        event(status="SUCCEEDED"),
        event(status="SUCCEEDED"),
        event(status="SUCCEEDED"),
    ]
    assert [tamperer.copies(each) for each in sent] == [1, 1, 0, 0, 1]
    assert order.happened == [sent[2].event_id, sent[3].event_id]


def test_events_can_be_repeated_until_told_otherwise() -> None:
    tamperer = Tamperer()
    tamperer.add(Tampering(3, times=5))
    assert tamperer.copies(event()) == 3
    tamperer.clear()
    assert tamperer.copies(event()) == 1
