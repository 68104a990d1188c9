"""S3: exactly one event per operation, and only after the operation is complete."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from vmie_local.events.s3_change import S3Change
from vmie_local.moto_seams.seam import Seam, replace

if TYPE_CHECKING:
    from vmie_local.clock import Clock
    from vmie_local.events import Events

SEND_EVENT = Seam(
    "moto.s3.notifications:send_event",
    "reports Put for completed uploads and tags for every Put, before tags are set; details are made up",
    ("account_id", "event_name", "bucket", "key"),
)
DELETE_OBJECT = Seam(
    "moto.s3.models:S3Backend.delete_object",
    "delete markers and deleted versions are not reported",
    ("self", "bucket_name", "key_name", "version_id", "bypass"),
)
BACKENDS = Seam("moto.s3.models:s3_backends", "objects that expire")

SEAMS = (SEND_EVENT, DELETE_OBJECT, BACKENDS)

# What an empty body's ETag is; S3 reports it for delete markers.
_EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"


def install(events: Events, clock: Clock) -> None:
    """Report changes of objects to our part."""
    reporter = _Reporter(events, clock)
    replace(SEND_EVENT, lambda _: reporter.moto_event)
    replace(DELETE_OBJECT, reporter.reporting_delete)


def expire(account: str, bucket: str, key: str, version_id: str | None) -> None:
    """Delete an object as a lifecycle rule does."""
    from moto.s3.models import s3_backends

    s3_backends[account]["aws"].delete_object(bucket, key, version_id, _BY_LIFECYCLE)


_BY_LIFECYCLE = "lifecycle"


class _Reporter:
    def __init__(self, events: Events, clock: Clock) -> None:
        self._events, self._clock = events, clock

    def moto_event(self, account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        """Take the place of moto's `send_event`."""
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        arguments = _query_arguments()
        family = name.split(":")[0]
        if family == "ObjectRemoved":
            return
        if arguments is not None:
            if name == "ObjectCreated:Put" and "uploadId" in arguments:
                return
            if family == "ObjectTagging" and "tagging" not in arguments:
                return
            if family == "ObjectAcl" and "acl" not in arguments:
                return
        size = key.size if family == "ObjectCreated" else None
        version_id = key.version_id if bucket.is_versioned else None
        self._report(account_id, bucket, name, key.name, size, key.etag.strip('"'), version_id)

    def reporting_delete(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Take the place of moto's `delete_object`."""

        def delete_object(
            backend: Any, bucket_name: str, key_name: str, version_id: str | None = None, bypass: Any = False
        ) -> Any:
            bucket = backend.get_bucket(bucket_name)
            before = [str(version.version_id) for version in bucket.keys.getlist(key_name, [])]
            answer = original(backend, bucket_name, key_name, version_id, bypass is True)
            if before and answer[0]:
                family = "LifecycleExpiration" if bypass == _BY_LIFECYCLE else "ObjectRemoved"
                account = backend.account_id
                if not bucket.is_versioned:
                    self._report(account, bucket, f"{family}:Delete", key_name)
                elif version_id is None:
                    marker = answer[1]["version-id"]
                    name = f"{family}:DeleteMarkerCreated"
                    self._report(account, bucket, name, key_name, None, _EMPTY_ETAG, marker)
                elif str(version_id) in before:
                    self._report(account, bucket, f"{family}:Delete", key_name, None, None, version_id)
            return answer

        return delete_object

    def _report(
        self,
        account: str,
        bucket: Any,
        name: str,
        key: str,
        size: int | None = None,
        etag: str | None = None,
        version_id: str | None = None,
    ) -> None:
        configuration = bucket.notification_configuration
        if configuration is None:
            return
        change = S3Change(
            name=name,
            account=account,
            region=bucket.region_name,
            bucket=bucket.name,
            key=key,
            time=self._clock.now(),
            size=size,
            etag=etag,
            version_id=version_id,
            requester="s3.amazonaws.com" if name.startswith("Lifecycle") else account,
        )
        if configuration.event_bridge is not None:
            _after_this_request(lambda: self._events.publish(change.event()))
        for notification in (*configuration.queue, *configuration.topic, *configuration.cloud_function):
            if notification.matches(f"s3:{name}", key):
                body = json.dumps(change.record(notification.id, self._clock.iso(change.time)))
                arn = notification.arn
                _after_this_request(partial(self._events.notify, arn, body))


def _query_arguments() -> Any:
    """The query of the S3 request that is being handled, or None outside of one."""
    from flask import has_request_context, request

    return request.args if has_request_context() else None


def _after_this_request(work: Callable[[], None]) -> None:
    from flask import after_this_request, has_request_context

    if not has_request_context():
        work()
        return

    @after_this_request
    def _then(response: Any) -> Any:
        work()
        return response
