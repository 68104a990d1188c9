from __future__ import annotations

from typing import Any

import pytest

from vmie_local.events.s3_change import S3Change


def change(name: str, **more: Any) -> S3Change:
    given = {"size": 3, "etag": "abc", "version_id": "v1", **more}
    return S3Change(
        name=name,
        account="123456789012",
        region="us-east-1",
        bucket="bucket",
        key="a b/ü.ova",
        time=1795168800.0,
        requester="123456789012",
        **given,
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ObjectCreated:Put", "PutObject"),
        ("ObjectCreated:Post", "POST Object"),
        ("ObjectCreated:Copy", "CopyObject"),
        ("ObjectCreated:CompleteMultipartUpload", "CompleteMultipartUpload"),
    ],
)
def test_a_created_object_is_told_with_its_reason(name: str, reason: str) -> None:
    document = change(name).event().document()
    assert (document["source"], document["detail-type"], document["time"]) == (
        "aws.s3",
        "Object Created",
        "2026-11-20T10:00:00Z",
    )
    detail = document["detail"]
    assert detail["reason"] == reason
    assert {name: detail["object"][name] for name in ("key", "size", "etag", "version-id")} == {
        "key": "a b/ü.ova",
        "size": 3,
        "etag": "abc",
        "version-id": "v1",
    }


@pytest.mark.parametrize(
    ("name", "reason", "kind"),
    [
        ("ObjectRemoved:Delete", "DeleteObject", "Permanently Deleted"),
        ("ObjectRemoved:DeleteMarkerCreated", "DeleteObject", "Delete Marker Created"),
        ("LifecycleExpiration:Delete", "Lifecycle Expiration", "Permanently Deleted"),
        ("LifecycleExpiration:DeleteMarkerCreated", "Lifecycle Expiration", "Delete Marker Created"),
    ],
)
def test_a_deletion_tells_how(name: str, reason: str, kind: str) -> None:
    event = change(name, size=None).event()
    assert event.detail_type == "Object Deleted"
    assert (event.detail["reason"], event.detail["deletion-type"]) == (reason, kind)
    assert "size" not in event.detail["object"]


def test_tags_have_neither_reason_nor_sequencer() -> None:
    event = change("ObjectTagging:Put", size=None).event()
    assert event.detail_type == "Object Tags Added"
    assert "reason" not in event.detail
    assert "sequencer" not in event.detail["object"]


def test_sequencers_grow() -> None:
    made = [change("ObjectCreated:Put").sequencer for _ in range(50)]
    assert made == sorted(set(made))


def test_without_versions_there_is_no_version_id() -> None:
    assert "version-id" not in change("ObjectCreated:Put", version_id=None).event().detail["object"]


def test_records_for_queues_encode_the_key() -> None:
    (record,) = change("ObjectCreated:Put").record("all", "2026-11-20T10:00:00.000Z")["Records"]
    assert record["s3"]["object"]["key"] == "a+b/%C3%BC.ova"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["configurationId"] == "all"
