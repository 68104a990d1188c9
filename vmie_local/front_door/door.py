"""The front door as WSGI middleware around moto."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.model import ServiceModel

from vmie_local.front_door import principals, service_models
from vmie_local.front_door.api_call import PASS, ApiCall, ApiError, Handler
from vmie_local.front_door.http import HttpAnswer, HttpRequest, StartResponse, WsgiApp
from vmie_local.front_door.identify import Identified, identify
from vmie_local.front_door.principals import Principals
from vmie_local.front_door.signature import Signature, read_signature

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_log = logging.getLogger(__name__)
_NOT_AWS = ("/moto-api/", "/latest/meta-data/", "/latest/api/", "/favicon.ico")


class FrontDoor:
    """WSGI middleware: handlers of our own before moto.

    Attributes:
        principals: Who holds which access key.
    """

    def __init__(self, cloud: LocalAws, behind: WsgiApp) -> None:
        """Stand before an application.

        Args:
            cloud: Gives settings, clock and the administrator's clients.
            behind: moto's application.
        """
        self._cloud, self._behind = cloud, behind
        self._handlers: dict[tuple[str, str], Handler] = {}
        self.principals = Principals(cloud.settings.account)

    def register(self, service: str, operation: str, handler: Handler) -> None:
        """Answer an operation here rather than in moto.

        Args:
            service: The IAM prefix of the service: `ec2`, `ebs`, `states`, `cloudwatch`, …
            operation: The API operation.
            handler: Returns the output members, raises `ApiError`, or returns `PASS`: moto answers.

        Raises:
            ValueError: If botocore knows no such operation, or it has a handler already.
        """
        if not any(operation in model.operation_names for model in _models(service)):
            raise ValueError(f"There is no operation {operation} in the service {service}.")
        if (service, operation) in self._handlers:
            raise ValueError(f"{service}:{operation} has a handler already.")
        self._handlers[service, operation] = handler

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = HttpRequest(environ)
        if request.path.startswith(_NOT_AWS):
            return self._behind(environ, start_response)
        signature = read_signature(request)
        found = identify(request, signature)
        try:
            call = self._parse(request, signature, found)
            answer = self._answer(call, found)
        except ApiError as error:
            return _error(found, error)(request, start_response)
        if answer is not None:
            return answer(request, start_response)
        if (call.service, call.operation) in principals.OBSERVED:
            return self._observe(call, environ, start_response)
        return self._behind(environ, start_response)

    def _parse(self, request: HttpRequest, signature: Signature | None, found: Identified) -> ApiCall:
        parameters: dict[str, Any] = {}
        if found.operation is not None and found.protocol is not None:
            try:
                parameters = found.protocol.parse(request, found.operation, found.labels)
            except (ValueError, KeyError, TypeError) as error:
                code = "MalformedXML" if found.service == "s3" else "SerializationException"
                raise ApiError(code, f"{found.operation_name} cannot be read: {error}") from error
        principal = self.principals.of(signature)
        settings = self._cloud.settings
        return ApiCall(
            service=found.service,
            operation=found.operation_name,
            parameters=parameters,
            region=(signature.region if signature else None) or settings.region,
            account=principals.account_of(principal, settings.account),
            principal=principal,
            headers=request.headers,
            source_ip=str(request.environ.get("REMOTE_ADDR", "127.0.0.1")),
            body=request.body,
            at=self._cloud.clock.now(),
        )

    def _answer(self, call: ApiCall, found: Identified) -> HttpAnswer | None:
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

    def _observe(
        self, call: ApiCall, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        statuses: list[str] = []

        def note(status: str, *rest: Any, **options: Any) -> Any:
            statuses.append(status)
            return start_response(status, *rest, **options)

        chunks = self._behind(environ, note)
        body = b"".join(chunks)
        if close := getattr(chunks, "close", None):
            close()
        if statuses and statuses[0].startswith("200"):
            self.principals.learn(call, body)
        return [body]


def _models(service: str) -> tuple[ServiceModel, ...]:
    names = {"states": "states", "cloudwatch": "monitoring", "tag": "tagging"}
    return service_models.candidates(names.get(service, service))


def _error(found: Identified, error: ApiError) -> HttpAnswer:
    if found.model is None or found.protocol is None:
        text = f"{error.code}: {error.message}".encode()
        return HttpAnswer(error.status, {"Content-Type": "text/plain", "x-amzn-ErrorType": error.code}, text)
    return found.protocol.error(found.model, error)
