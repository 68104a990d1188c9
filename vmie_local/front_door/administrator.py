"""The front door's own clients: it asks AWS about roles and tags, and is not recorded when it does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

ACCESS_KEY_ID = "AKIALOCALDOOR0000000"


class Administrator:
    """Clients of the local AWS that no policy limits, no fault hits and no journal lists."""

    def __init__(self, endpoint: Callable[[], str], region: str) -> None:
        """Prepare; no client is made before it is needed.

        Args:
            endpoint: Gives the URL of every service.
            region: The Region of services that have none in an ARN.
        """
        self._endpoint, self._region = endpoint, region
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of a service.

        Args:
            service: boto3's name of it.
            region: Default: the Region of the settings.
        """
        key = (service, region or self._region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = boto3.client(  # type: ignore[call-overload]
                    service,
                    region_name=key[1],
                    endpoint_url=self._endpoint(),
                    aws_access_key_id=ACCESS_KEY_ID,
                    aws_secret_access_key="none",  # noqa: S106 - nothing is verified here
                    config=Config(retries={"total_max_attempts": 1}),
                )
            return self._clients[key]
