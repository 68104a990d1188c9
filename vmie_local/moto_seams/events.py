"""EventBridge: patterns, PutEvents and rules; delivery is ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from vmie_local.clock import Clock
from vmie_local.events.event import Event
from vmie_local.events.pattern import EventPattern, EventPatternError
from vmie_local.events.rule import Rule
from vmie_local.events.schedule import ScheduleError, read_schedule
from vmie_local.moto_seams.seam import Seam, replace

if TYPE_CHECKING:
    from vmie_local.events import Events

PUT_EVENTS = Seam(
    "moto.events.models:EventsBackend.put_events",
    "delivers to few targets, while the caller waits",
    ("self", "events"),
)
PARSE_PATTERN = Seam(
    "moto.events.models:EventPatternParser.parse", "accepts patterns that EventBridge refuses", ("self",)
)
TEST_PATTERN = Seam("moto.events.responses:EventsHandler.test_event_pattern", "not implemented", ("self",))
PUT_RULE = Seam(
    "moto.events.models:EventsBackend.put_rule",
    "accepts schedules that EventBridge refuses",
    (
        "self",
        "name",
        "description",
        "event_bus_arn",
        "event_pattern",
        "role_arn",
        "scheduled_expression",
        "state",
        "managed_by",
        "tags",
    ),
)
BACKENDS = Seam("moto.events.models:events_backends", "buses, rules and targets")

SEAMS = (PUT_EVENTS, PARSE_PATTERN, TEST_PATTERN, PUT_RULE, BACKENDS)


def install(events: Events, clock: Clock) -> None:
    """Let events be matched and delivered by our part."""
    replace(PUT_EVENTS, lambda _: _put_events(events, clock))
    replace(PARSE_PATTERN, _checked_pattern)
    replace(TEST_PATTERN, lambda _: _test_event_pattern)
    replace(PUT_RULE, _checked_schedule)


def rules(account: str, region: str, bus: str) -> Iterator[Rule]:
    """The enabled rules of a bus."""
    from moto.events.models import events_backends

    found = events_backends[account][region].event_buses.get(bus)
    for rule in list(found.rules.values()) if found else ():
        if rule.state.startswith("ENABLED"):
            yield _view(rule)


def scheduled_rules() -> Iterator[Rule]:
    """The enabled rules that have a schedule, of every account and Region."""
    from moto.events.models import events_backends

    for account in list(events_backends.values()):
        for backend in list(account.values()):
            for rule in list(backend.event_buses["default"].rules.values()):
                if rule.scheduled_expression and rule.state.startswith("ENABLED"):
                    yield _view(rule)


def _view(rule: Any) -> Rule:
    pattern = rule.event_pattern.get_pattern()
    return Rule(
        account=rule.account_id,
        region=rule.region_name,
        bus=rule.event_bus_name,
        name=rule.name,
        arn=rule.arn,
        pattern=EventPattern(pattern) if pattern else None,
        schedule=rule.scheduled_expression,
        targets=tuple(dict(target) for target in rule.targets),
    )


def _put_events(events: Events, clock: Clock) -> Callable[..., Any]:
    def put_events(self: Any, entries: list[dict[str, Any]]) -> list[dict[str, str]]:
        _check_size(entries)
        return [_put_event(self, entry, events, clock) for entry in entries]

    return put_events


def _check_size(entries: list[dict[str, Any]]) -> None:
    from moto.events.exceptions import ValidationException

    if not 1 <= len(entries) <= 10:
        bound = "less than or equal to 10" if entries else "greater than or equal to 1"
        raise ValidationException(
            "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' "
            f"failed to satisfy constraint: Member must have length {bound}"
        )


def _put_event(backend: Any, entry: dict[str, Any], events: Events, clock: Clock) -> dict[str, str]:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    if entry["Source"].startswith("aws."):
        reason = "Not authorized for the source."
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": reason}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    bus = (entry.get("EventBusName") or "default").split("/")[-1]
    event = Event(
        account=backend.account_id,
        region=backend.region_name,
        source=entry["Source"],
        detail_type=entry["DetailType"],
        detail=detail,
        time=float(entry["Time"]) if entry.get("Time") is not None else clock.now(),
        resources=tuple(entry.get("Resources") or ()),
        bus=bus,
    )
    # As in AWS, an event for a bus that does not exist is accepted and goes nowhere.
    events.publish(event)
    return {"EventId": event.event_id}


def _checked_pattern(original: Callable[..., Any]) -> Callable[..., Any]:
    from moto.events.exceptions import InvalidEventPatternException

    def parse(self: Any) -> dict[str, Any]:
        if self.pattern:
            try:
                EventPattern(self.pattern)
            except EventPatternError as error:
                raise InvalidEventPatternException(reason=str(error)) from error
        return dict(original(self))

    return parse


def _checked_schedule(original: Callable[..., Any]) -> Callable[..., Any]:
    from moto.events.exceptions import ValidationException

    def put_rule(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        if expression := kwargs.get("scheduled_expression"):
            try:
                read_schedule(expression)
            except ScheduleError as error:
                message = f"Parameter ScheduleExpression is not valid. {error}"
                raise ValidationException(message) from error
        return original(self, name, *args, **kwargs)

    return put_rule


def _test_event_pattern(self: Any) -> str:
    from moto.events.exceptions import InvalidEventPatternException, ValidationException

    try:
        pattern = EventPattern(self._get_param("EventPattern"))
    except EventPatternError as error:
        raise InvalidEventPatternException(reason=str(error)) from error
    try:
        event = json.loads(self._get_param("Event"))
    except ValueError as error:
        raise ValidationException("Parameter Event is not valid.") from error
    return json.dumps({"Result": pattern.matches(event)})
