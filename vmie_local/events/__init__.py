"""EventBridge: targets, schedules and the events of S3."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from vmie_local.background import Background
from vmie_local.events.event import Event
from vmie_local.events.rule import Rule
from vmie_local.events.scheduler import Scheduler
from vmie_local.events.tampering import Tamperer, Tampering
from vmie_local.events.target_input import target_input
from vmie_local.events.targets import Targets
from vmie_local.moto_seams import events as seam
from vmie_local.moto_seams import s3_events, sns

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

log = logging.getLogger(__name__)

_THREADS = 8
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
_MOST_RETRIES = 185
_MOST_AGE_SECONDS = 86400
# Retrying these is useless: EventBridge sends them to the dead-letter queue at once.
_PERMANENT = {
    "AccessDenied",
    "AccessDeniedException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "ValueError",
}

__all__ = ["Event", "Events", "Tampering"]


class Events:
    """EventBridge: matches what is published against the rules and delivers to their targets."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud
        self._background = Background(cloud.clock, "events", _THREADS)
        self._targets = Targets(cloud)
        self._tamperer = Tamperer()
        cloud.front_door.control.add("events/tampering", "POST", self._tamper_on_request)
        cloud.front_door.control.add("events/tampering", "DELETE", self._deliver_on_request)
        cloud.front_door.control.add("s3/expire", "POST", self._expire_on_request)
        self._scheduler = Scheduler(cloud.clock, seam.scheduled_rules, self._on_schedule)
        seam.install(self, cloud.clock)
        s3_events.install(self, cloud.clock)
        sns.install(self.notify, cloud.clock)

    def start(self) -> None:
        """Let schedules fire."""
        self._scheduler.start()

    def stop(self) -> None:
        """End deliveries; what is still to be retried is lost."""
        self._scheduler.stop()
        self._background.stop()

    def publish(self, event: Event) -> None:
        """Let an event be matched and delivered, in the background."""
        for _ in range(self._tamperer.copies(event)):
            self._background.submit(self._route, event)

    def notify(self, arn: str, body: str) -> None:
        """Send a bucket's or a topic's message to a queue, a topic or a function, in the background."""
        self._background.submit(self._targets.send, {"Arn": arn}, {}, body)

    def expire(self, bucket: str, key: str, version_id: str | None = None) -> None:
        """Remove an object as a lifecycle rule would, with the event that S3 sends then.

        Args:
            bucket: Its name.
            key: The object's key.
            version_id: Default: the newest version gives way to a delete marker, or the object goes.
        """
        s3_events.expire(self._cloud.settings.account, bucket, key, version_id)

    def drop_next(
        self,
        source: str | None = None,
        detail_type: str | None = None,
        *,
        status: str | None = None,
        times: int = 1,
    ) -> Tampering:
        """Lose the next events of this kind.

        Args:
            source: Such as `aws.s3`. Default: any.
            detail_type: Such as `Object Created`. Default: any.
            status: The `status` in the event's detail, such as `SUCCEEDED` of an execution. Default: any.
            times: How many events to lose.

        Returns:
            The order; `happened` fills with the ids of the lost events.
        """
        return self._tamperer.add(Tampering(0, source, detail_type, status, times))

    def deliver_times(
        self,
        copies: int,
        source: str | None = None,
        detail_type: str | None = None,
        *,
        status: str | None = None,
        times: int = 1,
    ) -> Tampering:
        """Deliver each of the next events of this kind several times, as EventBridge may."""
        return self._tamperer.add(Tampering(copies, source, detail_type, status, times))

    def stop_tampering(self) -> None:
        """Deliver every event once again."""
        self._tamperer.clear()

    def _tamper_on_request(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """`POST /_vmie/events/tampering`: `{"Copies": 0, "Source": …, "DetailType": …, "Times": 1}`."""
        if "Copies" not in wanted:
            raise ValueError("Copies is missing: 0 loses the next events, 2 or more repeat them.")
        names = ("Source", "DetailType", "Status")
        source, detail_type, status = (wanted.get(name) for name in names)
        times = int(wanted.get("Times", 1))
        self._tamperer.add(Tampering(int(wanted["Copies"]), source, detail_type, status, times))
        return {}

    def _deliver_on_request(self, _: dict[str, Any]) -> dict[str, Any]:
        self._tamperer.clear()
        return {}

    def _expire_on_request(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """`POST /_vmie/s3/expire`: `{"Bucket": …, "Key": …, "VersionId": …}`."""
        if not wanted.get("Bucket") or not wanted.get("Key"):
            raise ValueError("Bucket and Key say which object expires.")
        self.expire(wanted["Bucket"], wanted["Key"], wanted.get("VersionId"))
        return {}

    def _route(self, event: Event) -> None:
        document = event.document()
        for rule in seam.rules(event.account, event.region, event.bus):
            if rule.pattern is not None and rule.pattern.matches(document):
                self._fire(rule, document)

    def _on_schedule(self, rule: Rule, due: float) -> None:
        event = Event(
            account=rule.account,
            region=rule.region,
            source="aws.events",
            detail_type="Scheduled Event",
            detail={},
            time=due,
            resources=(rule.arn,),
        )
        for _ in range(self._tamperer.copies(event)):
            self._fire(rule, event.document())

    def _fire(self, rule: Rule, document: dict[str, Any]) -> None:
        for target in rule.targets:
            self._background.submit(self._deliver, rule, target, document, self._cloud.clock.now(), 0)

    def _deliver(
        self, rule: Rule, target: dict[str, Any], event: dict[str, Any], since: float, retries: int
    ) -> None:
        clock = self._cloud.clock
        body = target_input(target, event, rule.arn, clock.iso(since))
        try:
            self._targets.send(target, event, body)
            return
        except Exception as error:  # noqa: BLE001 - whatever a target answers is retried or dead-lettered
            code = str(getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__))
            message = str(error)
        policy = target.get("RetryPolicy") or {}
        delay = min(2.0**retries, 3600.0)
        too_old = clock.now() + delay - since > policy.get("MaximumEventAgeInSeconds", _MOST_AGE_SECONDS)
        exhausted = retries >= policy.get("MaximumRetryAttempts", _MOST_RETRIES)
        if code not in _PERMANENT and not too_old and not exhausted:
            self._background.later(delay, self._deliver, rule, target, event, since, retries + 1)
            return
        log.warning("Rule %s could not deliver to %s: %s", rule.name, target["Arn"], message)
        if dead_letters := (target.get("DeadLetterConfig") or {}).get("Arn"):
            condition = "MaximumEventAgeInSeconds" if too_old else "MaximumRetryAttempts"
            attributes = {
                "RULE_ARN": rule.arn,
                "TARGET_ARN": target["Arn"],
                "ERROR_CODE": code,
                "ERROR_MESSAGE": message[:256],
                "RETRY_ATTEMPTS": str(retries),
                "EXHAUSTED_RETRY_CONDITION": condition,
            }
            self._targets.dead_letter(dead_letters, json.dumps(event), attributes)
