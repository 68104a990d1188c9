"""Custom resources ask a function and believe only a proper answer."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from vmie_local.cloudformation.custom_resource import PATH, CustomResources
from vmie_local.cloudformation.errors import ResourceFailedError
from vmie_local.cloudformation.resource_type import Request, ResourceType

TOKEN = "arn:aws:lambda:us-east-1:123456789012:function:provider"


class Provider:
    """Takes the place of Lambda: what it returns is the change to a proper answer; None does not answer."""

    def __init__(self) -> None:
        self.resources = CustomResources(lambda: "http://here", lambda event, _: event.is_set())
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: {}
        self.events: list[dict[str, Any]] = []
        self.made: list[str] = []
        self.function_error: str | None = None

    @property
    def row(self) -> ResourceType:
        row = self.resources.row("Custom::Thing")
        assert row is not None
        return row

    def request(self, **more: Any) -> Request:
        given: dict[str, Any] = {
            "properties": {"ServiceToken": TOKEN, "Number": 7, "Deep": {"Flag": True}},
            **more,
        }
        request = Request(
            client=lambda _: None,
            made=self.made.append,
            account="123456789012",
            region="us-east-1",
            partition="aws",
            stack_name="s",
            stack_id="stack-id",
            logical_id="Thing",
            type="Custom::Thing",
            **given,
        )
        object.__setattr__(request, "api", self._invoke)
        return request

    def _invoke(self, _service: str, _operation: str, **arguments: Any) -> dict[str, Any]:
        event = json.loads(arguments["Payload"])
        self.events.append(event)
        change = self.answer(event)
        if change is not None:
            proper = {"Status": "SUCCESS", "PhysicalResourceId": "made"}
            proper |= {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
            self.put(event["ResponseURL"], json.dumps({**proper, **change}).encode())
        error = {"FunctionError": self.function_error} if self.function_error else {}
        return {"Payload": io.BytesIO(b'{"errorMessage": "boom"}'), **error}

    def put(self, url: str, body: bytes) -> str:
        statuses: list[str] = []
        environ = {
            "PATH_INFO": url.removeprefix("http://here"),
            "REQUEST_METHOD": "PUT",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        list(self.resources.answered(environ, lambda status, _: statuses.append(status)))
        return statuses[0]


@pytest.fixture
def provider() -> Provider:
    return Provider()


def test_the_function_gets_what_cloudformation_sends(provider: Provider) -> None:
    created = provider.row.create(provider.request())
    (event,) = provider.events
    token = event.pop("RequestId")
    assert event == {
        "RequestType": "Create",
        "ServiceToken": TOKEN,
        "ResponseURL": f"http://here{PATH}{token}",
        "StackId": "stack-id",
        "LogicalResourceId": "Thing",
        "ResourceType": "Custom::Thing",
        "ResourceProperties": {"ServiceToken": TOKEN, "Number": "7", "Deep": {"Flag": "true"}},
    }
    assert created.physical_id == "made"


def test_data_becomes_attributes(provider: Provider) -> None:
    provider.answer = lambda _: {"Data": {"Url": "u"}}
    assert provider.row.create(provider.request()).attributes == {"Url": "u"}


def test_an_update_carries_the_old_properties_and_may_replace(provider: Provider) -> None:
    provider.answer = lambda _: {"PhysicalResourceId": "another"}
    old = {"ServiceToken": TOKEN, "Number": 6}
    changed = provider.row.update(provider.request(old_properties=old, physical_id="made"))  # type: ignore[misc]
    (event,) = provider.events
    assert (event["PhysicalResourceId"], event["OldResourceProperties"]["Number"]) == ("made", "6")
    assert changed.physical_id == "another"


def test_a_refusal_names_its_reason_and_is_cleaned_up_under_its_id(provider: Provider) -> None:
    provider.answer = lambda _: {"Status": "FAILED", "Reason": "no room"}
    with pytest.raises(ResourceFailedError, match=r"\[FAILED\].*no room"):
        provider.row.create(provider.request())
    assert provider.made == ["made"]


def test_a_function_that_dies_fails_the_resource_at_once(provider: Provider) -> None:
    provider.answer, provider.function_error = lambda _: None, "Unhandled"
    with pytest.raises(ResourceFailedError, match=r"failed without answering.*boom"):
        provider.row.create(provider.request())


def test_silence_ends_with_the_timeout(provider: Provider) -> None:
    provider.answer = lambda _: None
    properties = {"ServiceToken": TOKEN, "ServiceTimeout": "30"}
    with pytest.raises(ResourceFailedError, match=r"did not receive a response .* within 30 seconds"):
        provider.row.create(provider.request(properties=properties))
    assert "ServiceTimeout" not in provider.events[0]["ResourceProperties"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"StackId": "other"}, "Value of property StackId is wrong"),
        ({"PhysicalResourceId": ""}, "Invalid PhysicalResourceId"),
        ({"Data": {"Long": "x" * 5000}}, "Response object is too long"),
    ],
)
def test_an_improper_answer_is_a_failure(provider: Provider, change: dict, reason: str) -> None:
    provider.answer = lambda _: change
    with pytest.raises(ResourceFailedError, match=reason):
        provider.row.create(provider.request())


def test_nobody_can_answer_twice_or_unasked(provider: Provider) -> None:
    provider.row.create(provider.request())
    assert provider.put(provider.events[0]["ResponseURL"], b"{}") == "403 Forbidden"


def test_a_service_token_cannot_change(provider: Provider) -> None:
    request = provider.request(old_properties={"ServiceToken": f"{TOKEN}:1"}, physical_id="made")
    with pytest.raises(ResourceFailedError, match="Modifying service token is not allowed"):
        provider.row.update(request)  # type: ignore[misc]


def test_only_functions_provide(provider: Provider) -> None:
    with pytest.raises(ResourceFailedError, match="is no Lambda function"):
        provider.row.create(provider.request(properties={"ServiceToken": "arn:aws:sns:us-east-1:1:topic"}))


def test_stopping_ends_a_wait(provider: Provider) -> None:
    provider.resources = CustomResources(lambda: "http://here", lambda event, _: event.wait(30))
    provider.answer = lambda _: None
    ended: list[str] = []

    def create() -> None:
        try:
            provider.row.create(provider.request())
        except ResourceFailedError as error:
            ended.append(str(error))

    thread = threading.Thread(target=create)
    thread.start()
    while not provider.resources._waiting:
        thread.join(0.01)
    provider.resources.stop()
    thread.join(10)
    assert ended == ["The local AWS was stopped."]


def test_a_custom_type_needs_a_service_token(provider: Provider) -> None:
    with pytest.raises(ResourceFailedError, match="has no ServiceToken"):
        provider.row.check("Thing", {"Number": 1})
    assert provider.resources.row("AWS::CloudFormation::CustomResource") is not None
    assert provider.resources.row("AWS::SQS::Queue") is None
