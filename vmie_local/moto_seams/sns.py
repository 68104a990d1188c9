"""SNS: functions receive the real message, in the background."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vmie_local.clock import Clock
from vmie_local.moto_seams.seam import Seam, replace

PUBLISH = Seam(
    "moto.sns.models:Subscription.publish",
    "functions get a made-up topic and made-up attributes, while the publisher waits",
    (
        "self",
        "message",
        "message_id",
        "subject",
        "message_attributes",
        "group_id",
        "deduplication_id",
        "message_structure",
    ),
)
FILTER = Seam("moto.sns.models:FilterPolicyMatcher.matches", "subscriptions with a filter", None)

SEAMS = (PUBLISH, FILTER)

Notify = Callable[[str, str], None]


def install(notify: Notify, clock: Clock) -> None:
    """Send what a function subscribes to by `notify(arn, event)`.

    Args:
        notify: Invokes the function asynchronously.
        clock: For the timestamps of messages.
    """

    def make(original: Callable[..., None]) -> Callable[..., None]:
        def publish(
            self: Any,
            message: str,
            message_id: str,
            subject: Any = None,
            message_attributes: Any = None,
            **more: Any,
        ) -> None:
            if self.protocol != "lambda":
                original(self, message, message_id, subject, message_attributes, **more)
                return
            matcher = self._filter_policy_matcher
            if matcher is not None and not matcher.matches(message_attributes, message):
                return
            if more.get("message_structure") == "json":
                message = self._parse_message_structure(message, self.protocol)
            attributes = {
                name: {"Type": value["Type"], "Value": value["Value"]}
                for name, value in (message_attributes or {}).items()
            }
            sns = {
                "Type": "Notification",
                "MessageId": message_id,
                "TopicArn": self.topic_arn,
                "Subject": subject,
                "Message": message,
                "Timestamp": clock.iso(),
                "MessageAttributes": attributes,
            }
            record = {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": self.arn,
                "Sns": sns,
            }
            notify(self.endpoint, json.dumps({"Records": [record]}))

        return publish

    replace(PUBLISH, make)
