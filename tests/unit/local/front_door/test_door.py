"""The order of things at the door: faults, policies, handlers, the application behind, the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.local.front_door.wire_requests import http_request
from vmie_local.clock import Clock
from vmie_local.front_door import ApiCall, ApiError, FrontDoor
from vmie_local.front_door.administrator import ACCESS_KEY_ID
from vmie_local.front_door.authorization import UNLIMITED, Verdict
from vmie_local.settings import IamMode, Settings

REFUSED = Verdict("denied", error=ApiError("AccessDenied", "No.", 403))
GET_ROLE = b"Action=GetRole&RoleName=x"


@dataclass
class World:
    """A front door whose surroundings are recorded."""

    iam: IamMode = "enforce"
    verdict: Verdict = UNLIMITED
    status: str = "200 OK"
    body: bytes = b"<GetRoleResponse/>"
    asked: list[ApiCall] = field(default_factory=list)
    reached: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings, self.clock, self.endpoint = Settings(iam=self.iam), Clock(), "http://127.0.0.1:1"
        self.door = FrontDoor(self, self.behind)
        self.door._authorizer.judge = self.judge

    def judge(self, call: ApiCall) -> Verdict:
        self.asked.append(call)
        return self.verdict

    def behind(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.reached.append(environ["wsgi.input"].read())
        start_response(self.status, [("Content-Type", "text/xml")])
        return [self.body]

    def call(
        self, body: bytes = GET_ROLE, service: str = "iam", key: str = "AKIAEXAMPLE"
    ) -> tuple[str, bytes]:
        scope = f"{key}/20261120/us-east-1/{service}/aws4_request"
        request = http_request(
            "POST",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}",
            },
            body=body,
        )
        heard: list[str] = []
        answer = b"".join(self.door(request.environ, lambda status, _: heard.append(status)))
        return heard[0], answer

    def recorded(self) -> list[tuple[str, str, str | None]]:
        return [
            (call["Operation"], call["Decision"], call["ErrorCode"]) for call in self.door.journal.calls({})
        ]


def test_an_allowed_call_reaches_the_application_and_the_journal():
    world = World()

    assert world.call() == ("200 OK", b"<GetRoleResponse/>")
    assert world.reached == [GET_ROLE]
    assert world.recorded() == [("GetRole", "unlimited", None)]


def test_a_denied_call_goes_no_further():
    world = World(verdict=REFUSED)

    status, answer = world.call()

    assert status == "403 Forbidden"
    assert b"<Code>AccessDenied</Code><Message>No.</Message>" in answer
    assert world.reached == []
    assert world.recorded() == [("GetRole", "denied", "AccessDenied")]


def test_in_record_mode_a_denied_call_goes_on_and_is_recorded():
    world = World(iam="record", verdict=REFUSED)

    assert world.call()[0] == "200 OK"
    assert world.recorded() == [("GetRole", "denied", None)]


def test_when_off_nobody_is_asked():
    world = World(iam="off", verdict=REFUSED)

    assert world.call()[0] == "200 OK"
    assert world.asked == []


def test_a_fault_strikes_before_policies_are_asked():
    world = World(verdict=REFUSED)
    world.door.faults.add({"Service": "iam", "Operation": "GetRole", "Error": {"Code": "Throttling"}})

    assert b"<Code>Throttling</Code>" in world.call()[1]
    assert world.asked == []
    assert world.recorded() == [("GetRole", "unlimited", "Throttling")]


def test_a_handler_comes_after_the_policies():
    world = World(verdict=REFUSED)
    handled: list[ApiCall] = []
    world.door.register("iam", "GetRole", lambda call: handled.append(call) or {})

    world.call()
    assert handled == []
    world.verdict = UNLIMITED
    assert world.call()[0] == "200 OK"
    assert (len(handled), world.reached) == (1, [])


def test_the_doors_own_questions_are_neither_judged_nor_struck_nor_recorded():
    world = World(verdict=REFUSED)
    world.door.faults.add({"Service": "iam", "Operation": "GetRole", "Error": {"Code": "Throttling"}})

    assert world.call(key=ACCESS_KEY_ID)[0] == "200 OK"
    assert (world.asked, world.recorded()) == ([], [])


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (
            "404 NOT FOUND",
            b"<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>",
            "NoSuchEntity",
        ),
        ("400 BAD REQUEST", b'{"__type": "com.amazonaws.x#ValidationException"}', "ValidationException"),
        ("500 INTERNAL SERVER ERROR", b"<html>", "500"),
    ],
)
def test_errors_from_behind_are_recorded_with_their_code(status: str, body: bytes, code: str):
    world = World(status=status, body=body)

    assert world.call() == (status, body)
    assert world.recorded() == [("GetRole", "unlimited", code)]


def test_the_answer_to_assume_role_makes_a_principal():
    arn = "arn:aws:sts::123456789012:assumed-role/x/run"
    world = World(
        body=f"<AssumedRoleUser><Arn>{arn}</Arn></AssumedRoleUser><AccessKeyId>ASIA1</AccessKeyId>".encode()
    )

    world.call(
        b"Action=AssumeRole&RoleSessionName=run&RoleArn=arn:aws:iam::123456789012:role/x", service="sts"
    )
    world.call(key="ASIA1")

    assert world.asked[-1].principal.arn == arn
    assert world.asked[-1].principal.role_name == "x"


def test_a_refused_assume_role_makes_none():
    world = World(status="403 Forbidden", body=b"<AccessKeyId>ASIA1</AccessKeyId><Code>AccessDenied</Code>")
    world.call(
        b"Action=AssumeRole&RoleSessionName=run&RoleArn=arn:aws:iam::123456789012:role/x", service="sts"
    )

    world.call(key="ASIA1")

    assert world.asked[-1].principal.is_administrator


def test_observers_learn_of_every_call_and_its_status():
    world = World(verdict=REFUSED)
    seen: list[tuple[str, int]] = []
    world.door.observe(lambda call, status: seen.append((call.operation, status)))

    world.call()
    world.verdict = UNLIMITED
    world.call()

    assert seen == [("GetRole", 403), ("GetRole", 200)]


def test_what_botocore_does_not_know_goes_to_the_application_behind():
    world = World()

    assert world.call(service="no-such-service")[0] == "200 OK"
    assert world.asked[-1].operation == "GetRole"


def test_motos_own_pages_pass_unseen():
    world = World(verdict=REFUSED)
    environ = http_request("GET", "/moto-api/data.json").environ

    world.door(environ, lambda *_: None)

    assert (len(world.reached), world.asked, world.recorded()) == (1, [], [])
