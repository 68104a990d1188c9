"""What happened to an object, in the words of S3's two kinds of notifications.

EventBridge: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html;
queues, topics and functions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from vmie_local.events.event import Event

_sequence = itertools.count(time.time_ns())

_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
    "LifecycleExpiration:Delete": "Lifecycle Expiration",
    "LifecycleExpiration:DeleteMarkerCreated": "Lifecycle Expiration",
}
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "LifecycleExpiration": "Object Deleted",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl": "Object ACL Updated",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
    "ObjectRestore:Delete": "Object Restore Expired",
    "LifecycleTransition": "Object Storage Class Changed",
    "IntelligentTiering": "Object Access Tier Changed",
}


def _sequencer() -> str:
    """Greater than every earlier one, compared as text, which is how sequencers of one key are compared."""
    return f"{next(_sequence):018X}"


@dataclass(frozen=True, kw_only=True)
class S3Change:
    """One operation on one object.

    Attributes:
        name: S3's name of the event without `s3:`, such as `ObjectCreated:Put`.
        account: The bucket owner's account.
        region: The bucket's Region.
        bucket: The bucket's name.
        key: The object's key.
        time: Seconds since 1970, on the scaled clock.
        size: Bytes; None where S3 does not tell it.
        etag: Without quotation marks; None where S3 does not tell it.
        version_id: None in a bucket without versions.
        requester: Account or service that asked for it.
        source_ip_address: Where the request came from.
        request_id: S3's id of the request.
        sequencer: Orders the events of one key.
    """

    name: str
    account: str
    region: str
    bucket: str
    key: str
    time: float
    size: int | None = None
    etag: str | None = None
    version_id: str | None = None
    requester: str
    source_ip_address: str = "127.0.0.1"
    request_id: str = field(default_factory=lambda: secrets.token_hex(8).upper())
    sequencer: str = field(default_factory=_sequencer)

    @property
    def bucket_arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:aws:s3:::{self.bucket}"

    def event(self) -> Event:
        """The event for EventBridge."""
        family = self.name.split(":")[0]
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": self.bucket},
            "object": _present(
                {
                    "key": self.key,
                    "size": self.size,
                    "etag": self.etag,
                    "version-id": self.version_id,
                    "sequencer": self.sequencer if self._has_sequencer else None,
                }
            ),
            "request-id": self.request_id,
            "requester": self.requester,
            "source-ip-address": None if family == "LifecycleExpiration" else self.source_ip_address,
            "reason": _REASONS.get(self.name),
        }
        if family in ("ObjectRemoved", "LifecycleExpiration"):
            marker = self.name.endswith("DeleteMarkerCreated")
            detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
        return Event(
            account=self.account,
            region=self.region,
            source="aws.s3",
            detail_type=_DETAIL_TYPES.get(self.name) or _DETAIL_TYPES[family],
            detail=_present(detail),
            time=self.time,
            resources=(self.bucket_arn,),
        )

    def record(self, configuration_id: str, event_time: str) -> dict[str, Any]:
        """The document for a queue, a topic or a function. Keys are URL-encoded there."""
        described = {
            "key": quote_plus(self.key, safe="/"),
            "size": self.size,
            "eTag": self.etag,
            "versionId": self.version_id,
            "sequencer": self.sequencer,
        }
        return {
            "Records": [
                {
                    "eventVersion": "2.1",
                    "eventSource": "aws:s3",
                    "awsRegion": self.region,
                    "eventTime": event_time,
                    "eventName": self.name,
                    "userIdentity": {"principalId": f"AWS:{self.requester}"},
                    "requestParameters": {"sourceIPAddress": self.source_ip_address},
                    "responseElements": {"x-amz-request-id": self.request_id},
                    "s3": {
                        "s3SchemaVersion": "1.0",
                        "configurationId": configuration_id,
                        "bucket": {
                            "name": self.bucket,
                            "ownerIdentity": {"principalId": self.account},
                            "arn": self.bucket_arn,
                        },
                        "object": _present(described),
                    },
                }
            ]
        }

    @property
    def _has_sequencer(self) -> bool:
        return self.name.split(":")[0] in ("ObjectCreated", "ObjectRemoved", "LifecycleExpiration")


def _present(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}
