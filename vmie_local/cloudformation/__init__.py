"""CloudFormation: resource types as a table of API operations.

An engine of our own, not moto's: an unknown type or property fails the deployment, and what fails is
rolled back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from vmie_local.cloudformation.api import Api
from vmie_local.cloudformation.custom_resource import PATH, CustomResources
from vmie_local.cloudformation.resource_type import ResourceType
from vmie_local.cloudformation.service import StackService
from vmie_local.cloudformation.types.table import TABLE
from vmie_local.front_door import ApiCall, ApiError, service_models

if TYPE_CHECKING:
    from vmie_local.server import LocalAws

_PATIENCE_SECONDS = 10.0


class CloudFormation:
    """A part of the local AWS: made before the endpoint listens, stopped before it closes."""

    def __init__(self, cloud: LocalAws) -> None:
        """Take CloudFormation's operations over from moto.

        Args:
            cloud: Gives the endpoint, the clock and the administrator's clients.
        """
        self._cloud = cloud
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._custom = CustomResources(lambda: cloud.endpoint, cloud.clock.wait)
        self._service = StackService(self._row, self._client)
        api = Api(self._service)
        for operation in service_models.candidates("cloudformation")[0].operation_names:
            handler = api.handlers.get(operation, api.unimplemented)
            cloud.front_door.register("cloudformation", operation, handler)
        cloud.front_door.register("cloudtrail", "LookupEvents", _no_history)

    def start(self) -> None:
        """Nothing runs before somebody deploys."""

    def stop(self) -> None:
        """Give up waiting for custom resources and let the operations end."""
        self._custom.stop()
        self._service.join(_PATIENCE_SECONDS)

    def answers(self, behind: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """WSGI middleware that takes the answers of custom resources."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            answer = self._custom.answered if environ["PATH_INFO"].startswith(PATH) else behind
            return answer(environ, start_response)

        return application

    def _row(self, type_name: str) -> ResourceType | None:
        return TABLE.get(type_name) or self._custom.row(type_name)

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._cloud.client(service, region=region)
            return self._clients[service, region]


def _no_history(call: ApiCall) -> NoReturn:  # noqa: ARG001 - the signature of a handler
    """The CDK CLI looks for the cause of a failed deployment in CloudTrail, and waits if nobody refuses."""
    raise ApiError(
        "UnsupportedOperationException",
        "The local AWS keeps no event history; GET /_vmie/calls lists the calls made, by principal.",
    )
