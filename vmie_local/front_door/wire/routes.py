"""Which operation of a REST service a method, a path and a query string mean."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from botocore.model import OperationModel, ServiceModel, StructureShape

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class Route:
    """How one operation is recognised.

    Attributes:
        operation: The operation's model.
        path: Matches the percent-encoded path; the groups are the labels in order.
        labels: The names in the path, as they stand in its template.
        fixed: Query parameters that must be there, with their value, or None where any will do.
        query: Required members that travel in the query string.
        headers: Required members that travel in headers, with lower-case names.
    """

    operation: OperationModel
    path: re.Pattern[str]
    labels: tuple[str, ...]
    fixed: Mapping[str, str | None]
    query: frozenset[str]
    headers: frozenset[str]

    @property
    def specificity(self) -> tuple[int, int, int, bool]:
        """Routes that ask for more are tried first, deprecated twins last."""
        required = len(self.fixed) + len(self.query) + len(self.headers)
        literals = len(_LABEL.sub("", str(self.operation.http["requestUri"]).partition("?")[0]))
        return required, literals, -len(self.labels), not self.operation.deprecated

    def match(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str] | None:
        """The decoded labels if a request is this operation's."""
        found = self.path.fullmatch(path)
        if found is None or not self.query <= query.keys() or not self.headers <= headers.keys():
            return None
        for name, value in self.fixed.items():
            if name not in query or (value is not None and query[name] != value):
                return None
        return {
            name: unquote(value) for name, value in zip(self.labels, found.groups(), strict=True) if value
        }


def _route(operation: OperationModel) -> Route:
    template, _, query = str(operation.http["requestUri"]).partition("?")
    labels: list[str] = []
    pattern, at = "", 0
    for label in _LABEL.finditer(template):
        labels.append(label.group(1))
        pattern += re.escape(template[at : label.start()])
        # A key of S3 may hold any number of slashes, a leading one included.
        pattern += "(.+)" if label.group(2) else "([^/]+)"
        at = label.end()
    pattern += re.escape(template[at:])
    if not pattern.endswith("/") and not template.endswith("+}"):
        pattern += "/?"
    fixed = {
        name: (value if has_value else None)
        for name, has_value, value in (part.partition("=") for part in query.split("&") if part)
    }
    shape = operation.input_shape
    required = [shape.members[name] for name in shape.required_members] if shape else []
    places = {
        location: frozenset(
            str(member.serialization["name"])
            for member in required
            if member.serialization.get("location") == location
        )
        for location in ("querystring", "header")
    }
    return Route(
        operation,
        re.compile(pattern, re.DOTALL),
        tuple(labels),
        fixed,
        places["querystring"],
        frozenset(name.lower() for name in places["header"]),
    )


@functools.lru_cache(maxsize=64)
def _routes(model: ServiceModel) -> dict[str, list[Route]]:
    routes: dict[str, list[Route]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        routes.setdefault(str(operation.http.get("method", "POST")), []).append(_route(operation))
    for found in routes.values():
        found.sort(key=lambda route: route.specificity, reverse=True)
    return routes


def find(
    model: ServiceModel, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[OperationModel, dict[str, str]] | None:
    """The operation a request means and the labels of its path, or None if the service has no such operation.

    Args:
        model: The service.
        method: The HTTP method.
        path: The percent-encoded path.
        query: The query string.
        headers: The headers, with lower-case names.
    """
    for route in _routes(model).get(method, ()):
        labels = route.match(path, query, headers)
        if labels is not None:
            return route.operation, labels
    return None


def label_members(operation: OperationModel, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of a path by the names of the members they stand for."""
    shape = operation.input_shape
    members = shape.members if isinstance(shape, StructureShape) else {}
    return {
        name: labels[label]
        for name, member in members.items()
        if (label := str(member.serialization.get("name", name))) in labels
        and member.serialization.get("location") == "uri"
    }
