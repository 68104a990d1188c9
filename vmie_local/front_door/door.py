"""The front door as WSGI middleware around moto."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from vmie_local.front_door import administrator, behind, control, principals, service_models
from vmie_local.front_door.administrator import Administrator
from vmie_local.front_door.api_call import PASS, ApiCall, ApiError, Handler
from vmie_local.front_door.authorization import (
    UNLIMITED,
    Authorizer,
    EncryptionKeys,
    Identities,
    Resources,
    Verdict,
)
from vmie_local.front_door.authorization.s3_answers import second_verdict
from vmie_local.front_door.control import Control
from vmie_local.front_door.faults import Faults
from vmie_local.front_door.http import HttpAnswer, HttpRequest, StartResponse, WsgiApp
from vmie_local.front_door.identify import Identified, identify
from vmie_local.front_door.journal import CallRecord, Journal
from vmie_local.front_door.principals import Principals
from vmie_local.front_door.signature import Signature, read_signature

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_log = logging.getLogger(__name__)
Observer = Callable[[ApiCall, int], None]
# moto's tables are plain dictionaries: a conditional write is one step only while nobody else writes.
_ONE_AT_A_TIME = ("dynamodb",)
_NOT_AWS = ("/moto-api/", "/latest/meta-data/", "/latest/api/", "/favicon.ico")


class FrontDoor:
    """WSGI middleware: faults, IAM and handlers of our own before moto.

    Attributes:
        faults: The failures that are to happen.
        identities: The policies of roles and users.
        journal: The calls that were made.
        principals: Who holds which access key.
        control: The local AWS's own API below `/_vmie/`.
    """

    def __init__(self, cloud: LocalAws, application: WsgiApp) -> None:
        """Stand before an application.

        Args:
            cloud: Gives settings, clock and endpoint.
            application: moto's application.
        """
        self._cloud, self._application = cloud, application
        self._handlers: dict[tuple[str, str], Handler] = {}
        door_administrator = Administrator(lambda: cloud.endpoint, cloud.settings.region)
        self.faults = Faults(cloud.clock)
        self.journal = Journal()
        self.principals = Principals(cloud.settings.account)
        self.identities = Identities(door_administrator)
        self._keys = EncryptionKeys(door_administrator)
        self._authorizer = Authorizer(self.identities, Resources(door_administrator), self._keys, cloud.clock)
        self.control = Control(self.faults, self.journal, self.identities, self._authorizer)
        self._observers: list[Observer] = []
        self._turns = {service: threading.Lock() for service in _ONE_AT_A_TIME}

    def register(self, service: str, operation: str, handler: Handler) -> None:
        """Answer an operation here rather than in moto.

        Args:
            service: The IAM prefix of the service: `ec2`, `ebs`, `states`, `cloudwatch`, …
            operation: The API operation.
            handler: Returns the output members, raises `ApiError`, or returns `PASS`: moto answers.

        Raises:
            ValueError: If botocore knows no such operation, or it has a handler already.
        """
        if not service_models.has_operation(service, operation):
            raise ValueError(f"There is no operation {operation} in the service {service}.")
        if (service, operation) in self._handlers:
            raise ValueError(f"{service}:{operation} has a handler already.")
        self._handlers[service, operation] = handler

    def observe(self, observer: Observer) -> None:
        """Tell somebody of each call that was carried out or refused, before its answer is sent.

        Args:
            observer: Called with the call and the HTTP status of its answer.
        """
        self._observers.append(observer)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = HttpRequest(environ)
        if request.path.startswith(control.PATH):
            return self.control.answer(request)(request, start_response)
        if request.path.startswith(_NOT_AWS):
            return self._application(environ, start_response)
        signature = read_signature(request)
        found = identify(request, signature)
        call = self._call(request, signature, found)
        verdict, answer, code = UNLIMITED, None, None
        own = signature is not None and signature.access_key_id == administrator.ACCESS_KEY_ID
        try:
            call.parameters.update(_parameters(request, found))
            if not own:
                self.faults.strike(call)
                verdict = self._judge(call)
                if verdict.error is not None and self._cloud.settings.iam == "enforce":
                    raise verdict.error
            answer = self._handled(call, found)
        except ApiError as error:
            answer, code = _error(found, error), error.code
        if answer is None:
            return self._from_behind(call, found, verdict, request, start_response, own=own)
        self._finish(call, verdict, answer.status, code, own=own)
        return answer(request, start_response)

    def _call(self, request: HttpRequest, signature: Signature | None, found: Identified) -> ApiCall:
        principal = self.principals.of(signature)
        settings = self._cloud.settings
        return ApiCall(
            service=found.service,
            operation=found.operation_name,
            parameters={},
            region=(signature.region if signature else None) or settings.region,
            account=principals.account_of(principal, settings.account),
            principal=principal,
            headers=request.headers,
            source_ip=str(request.environ.get("REMOTE_ADDR", "127.0.0.1")),
            body=request.body,
            at=self._cloud.clock.now(),
        )

    def _judge(self, call: ApiCall) -> Verdict:
        return UNLIMITED if self._cloud.settings.iam == "off" else self._authorizer.judge(call)

    def _handled(self, call: ApiCall, found: Identified) -> HttpAnswer | None:
        handler = self._handlers.get((call.service, call.operation))
        if handler is None or found.operation is None or found.protocol is None:
            return None
        try:
            members = handler(call)
            return None if members is PASS else found.protocol.render(found.operation, members)
        except ApiError:
            raise
        except Exception as error:  # a fault of a handler must reach the caller as AWS's 500, and the log
            _log.exception("The handler of %s:%s failed.", call.service, call.operation)
            raise ApiError("InternalError", f"{type(error).__name__}: {error}", 500) from error

    def _from_behind(
        self,
        call: ApiCall,
        found: Identified,
        verdict: Verdict,
        request: HttpRequest,
        start_response: StartResponse,
        *,
        own: bool,
    ) -> Iterable[bytes]:
        try:
            with self._turns.get(call.service) or nullcontext():
                answer, code = behind.ask(self._application, request.environ), None
        except NotImplementedError as error:
            message = f"The local AWS does not implement {call.service}:{call.operation} ({error})."
            refusal = ApiError("NotImplemented", message, 501)
            self._finish(call, verdict, refusal.status, refusal.code, own=own)
            return _error(found, refusal)(request, start_response)
        if answer.status >= 400:
            answer, body = answer.read()
            code = answer.error_code(body)
        elif (call.service, call.operation) in principals.OBSERVED:
            answer, body = answer.read()
            self.principals.learn(call, body)
        verdict = second_verdict(self._authorizer, self._keys, call, verdict, code, answer.headers)
        if verdict.error is not None and self._cloud.settings.iam == "enforce":
            answer.read()
            self._finish(call, verdict, verdict.error.status, verdict.error.code, own=own)
            return _error(found, verdict.error)(request, start_response)
        self._finish(call, verdict, answer.status, code, own=own)
        return answer.send(start_response)

    def _finish(self, call: ApiCall, verdict: Verdict, status: int, code: str | None, *, own: bool) -> None:
        if call.service == "iam":
            self.identities.note(call)
        self._keys.note(call)
        if not own:
            self.journal.add(CallRecord(self._cloud.clock.iso(call.at), call, verdict, status, code))
        for observer in self._observers:
            observer(call, status)


def _parameters(request: HttpRequest, found: Identified) -> Mapping[str, Any]:
    if found.operation is None or found.protocol is None:
        return {}
    try:
        return found.protocol.parse(request, found.operation, found.labels)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        code = "MalformedXML" if found.service == "s3" else "SerializationException"
        raise ApiError(code, f"{found.operation_name} cannot be read: {error}") from error


def _error(found: Identified, error: ApiError) -> HttpAnswer:
    if found.model is None or found.protocol is None:
        text = f"{error.code}: {error.message}".encode()
        return HttpAnswer(error.status, {"Content-Type": "text/plain", "x-amzn-ErrorType": error.code}, text)
    return found.protocol.error(found.model, error)
