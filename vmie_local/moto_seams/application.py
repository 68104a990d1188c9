"""moto's own web application and its process-wide settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from vmie_local.moto_seams.seam import Seam, replace

MODULES = Seam(
    "moto.backends:list_of_moto_modules",
    "moto lists its own folder at every request: an eighth of its time",
    (),
)
SEAMS = (MODULES,)


def configure(port: int) -> None:
    """Set what moto reads from the environment; must run before moto is imported.

    Args:
        port: The port that moto's own callbacks use.
    """
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ["MOTO_PORT"] = str(port)


def application() -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """moto's WSGI application for every service."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    replace(MODULES, _listed_once)
    return DomainDispatcherApplication(create_backend_app)  # type: ignore[no-any-return]


def request_handler() -> type:
    """The werkzeug request handler that keeps header names as S3 needs them."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    return MotoRequestHandler  # type: ignore[no-any-return]


def _listed_once(list_modules: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    names = frozenset(list_modules())
    return lambda: names
