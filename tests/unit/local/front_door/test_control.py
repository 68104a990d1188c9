"""`/_vmie`: faults, calls and the use of permissions."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.local.front_door.calls import ADMINISTRATOR, call
from tests.unit.local.front_door.wire_requests import http_request
from vmie_local.clock import Clock
from vmie_local.front_door.authorization import UNLIMITED, Check, Identity, Verdict
from vmie_local.front_door.control import Control
from vmie_local.front_door.faults import Faults
from vmie_local.front_door.journal import CallRecord, Journal
from vmie_local.iam_policy import Outcome, parse_policy

GET = call("s3", "GetObject", Bucket="images", Key="web.vmdk")
OBJECT = "arn:aws:s3:::images/web.vmdk"


def allowed(action: str, resource: str) -> Verdict:
    return Verdict("allowed", (Check(action, resource, Outcome.ALLOWED, "statement 1 of P"),))


def denied(action: str, resource: str) -> Verdict:
    return Verdict("denied", (Check(action, resource, Outcome.IMPLICIT_DENY),))


class Door:
    """The control API alone."""

    def __init__(self, most: int = 100) -> None:
        self.journal, self.faults = Journal(most), Faults(Clock())
        self.roles: dict[str, Identity] = {}
        identities = SimpleNamespace(role=self.roles.get, role_names=lambda: list(self.roles))
        authorizer = SimpleNamespace(unmodelled={"poll": {"aws:Unknown"}})
        self.control = Control(self.faults, self.journal, identities, authorizer)

    def ask(self, path: str, method: str = "GET", body: Any = None, **query: str) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        answer = self.control.answer(http_request(method, path, urlencode(query), body=raw))
        return answer.status, json.loads(answer.body) if answer.body else None

    def record(
        self, what: Any, verdict: Verdict = UNLIMITED, status: int = 200, code: str | None = None
    ) -> None:
        self.journal.add(CallRecord("2026-11-20T10:00:00.000Z", what, verdict, status, code))


@pytest.fixture
def door() -> Door:
    return Door()


def test_faults_are_added_listed_and_cleared(door: Door):
    fault = {"Service": "ec2", "Operation": "ImportImage", "Error": {"Code": "Unavailable", "Status": 503}}

    assert door.ask("/_vmie/faults", "POST", fault) == (201, {"Id": 1})
    assert door.ask("/_vmie/faults") == (200, {"Faults": [{"Id": 1, **fault, "Times": 1}]})
    assert door.ask("/_vmie/faults", "DELETE") == (204, None)
    assert door.ask("/_vmie/faults") == (200, {"Faults": []})


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"{", "no valid JSON"), (b"", "no valid JSON"), ({"Times": 1}, "Operation is missing")],
)
def test_a_wrong_fault_is_a_bad_request(door: Door, body: Any, message: str):
    status, answer = door.ask("/_vmie/faults", "POST", body)

    assert status == 400
    assert message in answer["Error"]


def test_other_paths_and_methods_are_refused_with_what_there_is(door: Door):
    status, answer = door.ask("/_vmie/wishes")
    assert (status, "/_vmie/faults" in answer["Error"]) == (404, True)
    status, answer = door.ask("/_vmie/calls", "PUT")
    assert (status, answer["Error"]) == (405, "/_vmie/calls takes GET, DELETE, not PUT.")


def test_a_call_is_listed_with_what_became_of_it(door: Door):
    door.record(GET, denied("s3:GetObject", OBJECT), 403, "AccessDenied")

    assert door.ask("/_vmie/calls")[1] == {
        "Forgotten": 0,
        "Calls": [
            {
                "Time": "2026-11-20T10:00:00.000Z",
                "Service": "s3",
                "Operation": "GetObject",
                "Principal": GET.principal.arn,
                "Role": "poll",
                "Region": "us-east-1",
                "Resource": OBJECT,
                "Decision": "denied",
                "Checks": [
                    {
                        "Action": "s3:GetObject",
                        "Resource": OBJECT,
                        "Decision": "implicitDeny",
                        "Statement": None,
                    }
                ],
                "Status": 403,
                "ErrorCode": "AccessDenied",
            }
        ],
    }


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"Service": "s3"}, 2),
        ({"service": "ec2", "operation": "DescribeImages"}, 1),
        ({"Role": "poll"}, 2),
        ({"Principal": "assumed-role/poll"}, 2),
        ({"Decision": "denied"}, 1),
        ({"ErrorCode": "AccessDenied", "Resource": OBJECT}, 1),
        ({"Region": "eu-west-1"}, 0),
    ],
)
def test_calls_are_filtered_by_any_field(door: Door, wanted: dict[str, str], count: int):
    door.record(GET, allowed("s3:GetObject", OBJECT))
    door.record(GET, denied("s3:GetObject", OBJECT), 403, "AccessDenied")
    door.record(call("ec2", "DescribeImages", principal=ADMINISTRATOR))

    assert len(door.ask("/_vmie/calls", **wanted)[1]["Calls"]) == count


def test_an_unknown_filter_is_a_bad_request(door: Door):
    status, answer = door.ask("/_vmie/calls", colour="red")

    assert (status, "filter by Service" in answer["Error"]) == (400, True)


def test_old_calls_are_forgotten_and_counted():
    door = Door(most=2)
    for _ in range(5):
        door.record(GET)

    answer = door.ask("/_vmie/calls")[1]
    assert (len(answer["Calls"]), answer["Forgotten"]) == (2, 3)
    assert door.ask("/_vmie/calls", "DELETE") == (204, None)
    assert door.ask("/_vmie/calls")[1] == {"Calls": [], "Forgotten": 0}


def test_more_or_fewer_calls_are_kept_on_demand():
    door = Door(most=2)
    door.record(GET)
    door.journal.keep(4)
    for _ in range(3):
        door.record(GET)
    more = door.ask("/_vmie/calls")[1]
    door.journal.keep(1)
    fewer = door.ask("/_vmie/calls")[1]

    assert (len(more["Calls"]), more["Forgotten"]) == (4, 0)
    assert (len(fewer["Calls"]), fewer["Forgotten"]) == (1, 3)


def test_the_use_of_permissions_names_what_was_never_used(door: Door):
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:Put*"],
            "Resource": ["arn:aws:s3:::images/*", "arn:aws:s3:::x"],
        },
        {
            "Sid": "Tags",
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "arn:aws:ec2:*:*:image/${aws:userid}",
        },
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    ]
    door.roles["poll"] = Identity(
        "arn", (parse_policy({"Version": "2012-10-17", "Statement": statements}, "P"),)
    )
    door.record(GET, allowed("s3:GetObject", OBJECT))
    door.record(GET, allowed("s3:GetObject", OBJECT))
    door.record(call("iam", "GetRole"), denied("iam:GetRole", "*"), 403, "AccessDenied")
    door.record(call("s3", "GetObject", principal=ADMINISTRATOR))

    assert door.ask("/_vmie/iam")[1] == {
        "Roles": {
            "poll": {
                "Used": [{"Action": "s3:GetObject", "Resource": OBJECT, "Count": 2}],
                "Denied": [{"Action": "iam:GetRole", "Resource": "*", "Count": 1}],
                "NeverUsed": [
                    {"Policy": "P", "Statement": 1, "Action": "s3:Put*"},
                    {"Policy": "P", "Statement": 1, "Resource": "arn:aws:s3:::x"},
                    {"Policy": "P", "Statement": "Tags", "Action": "ec2:CreateTags"},
                    {"Policy": "P", "Statement": "Tags", "Resource": "arn:aws:ec2:*:*:image/${aws:userid}"},
                ],
                "UnmodelledConditionKeys": ["aws:Unknown"],
            }
        }
    }


def test_a_grant_with_a_variable_counts_as_used_by_any_value(door: Door):
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*",
    }
    door.roles["poll"] = Identity("arn", (parse_policy({"Version": "2012-10-17", "Statement": statement}),))
    door.record(GET, allowed("s3:GetObject", OBJECT))

    assert door.ask("/_vmie/iam", Role="poll")[1]["Roles"]["poll"]["NeverUsed"] == []


def test_a_role_that_did_nothing_has_used_nothing(door: Door):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    door.roles["idle"] = Identity("arn", (parse_policy({"Statement": statement}, "P"),))
    door.roles["cdk-hnb659fds-deploy-role"] = Identity("arn")

    roles = door.ask("/_vmie/iam")[1]["Roles"]
    report = roles.pop("idle")
    assert roles == {}

    assert report["Used"] == []
    assert {"Policy": "P", "Statement": 1, "Action": "s3:GetObject"} in report["NeverUsed"]


def test_other_parts_add_paths_of_their_own(door: Door):
    def work(document: dict[str, Any]) -> dict[str, Any]:
        if "bad" in document:
            raise ValueError("That is bad.")
        return {"Got": document}

    door.control.add("functions/kill", "POST", work)

    assert door.ask("/_vmie/functions/kill", "POST", {"a": 1}) == (200, {"Got": {"a": 1}})
    assert door.ask("/_vmie/functions/kill", "POST") == (200, {"Got": {}})
    assert door.ask("/_vmie/functions/kill", "POST", {"bad": 1}) == (400, {"Error": "That is bad."})
    assert door.ask("/_vmie/functions/kill", "POST", [])[0] == 400
