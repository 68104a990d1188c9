"""`/_vmie`: faults, the journal and the use of permissions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from vmie_local.front_door.authorization import Authorizer, Identities, is_exempt
from vmie_local.front_door.faults import FaultError, Faults
from vmie_local.front_door.http import HttpAnswer, HttpRequest
from vmie_local.front_door.journal import FIELDS, Journal
from vmie_local.front_door.least_privilege import report

PATH: Final = "/_vmie/"


Route = Callable[[HttpRequest], HttpAnswer]


class _BadRequestError(ValueError):
    pass


class Control:
    """The local AWS's own API, which real AWS does not have."""

    def __init__(
        self, faults: Faults, journal: Journal, identities: Identities, authorizer: Authorizer
    ) -> None:
        self._faults, self._journal = faults, journal
        self._identities, self._authorizer = identities, authorizer
        self._routes: dict[str, dict[str, Route]] = {
            "faults": {"GET": self._list_faults, "POST": self._add_fault, "DELETE": self._clear_faults},
            "calls": {"GET": self._list_calls, "DELETE": self._clear_calls},
            "iam": {"GET": self._use_of_permissions},
        }

    def add(self, name: str, method: str, work: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Offer a path that takes and gives a JSON object.

        Args:
            name: The path below `/_vmie/`.
            method: `GET`, `POST` or `DELETE`.
            work: Gives the answer for the body (an empty object if there is none); `ValueError` becomes 400.
        """

        def route(request: HttpRequest) -> HttpAnswer:
            try:
                document = json.loads(request.body() or b"{}")
                if not isinstance(document, dict):
                    raise _BadRequestError("The body must be a JSON object.")
                return _json(200, work(document))
            except ValueError as error:
                raise _BadRequestError(str(error)) from error

        self._routes.setdefault(name, {})[method] = route

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request to a path below `/_vmie/`."""
        name = request.path.removeprefix(PATH).strip("/")
        methods = self._routes.get(name)
        if methods is None:
            return _json(404, {"Error": f"There is no {request.path}; there is {_paths(self._routes)}."})
        route = methods.get(request.method)
        if route is None:
            return _json(405, {"Error": f"{request.path} takes {', '.join(methods)}, not {request.method}."})
        try:
            return route(request)
        except (FaultError, _BadRequestError) as error:
            return _json(400, {"Error": str(error)})

    def _list_faults(self, _: HttpRequest) -> HttpAnswer:
        return _json(200, {"Faults": self._faults.pending()})

    def _add_fault(self, request: HttpRequest) -> HttpAnswer:
        try:
            document = json.loads(request.body())
        except ValueError as error:
            raise _BadRequestError(f"The body is no valid JSON: {error}") from error
        return _json(201, {"Id": self._faults.add(document)})

    def _clear_faults(self, _: HttpRequest) -> HttpAnswer:
        self._faults.clear()
        return HttpAnswer(204)

    def _list_calls(self, request: HttpRequest) -> HttpAnswer:
        wanted = dict(request.query)
        unknown = {name for name in wanted if name.lower() not in {field.lower() for field in FIELDS}}
        if unknown:
            known = ", ".join(FIELDS)
            raise _BadRequestError(f"Calls have no {', '.join(sorted(unknown))}; filter by {known}.")
        return _json(200, {"Calls": self._journal.calls(wanted), "Forgotten": self._journal.forgotten})

    def _clear_calls(self, _: HttpRequest) -> HttpAnswer:
        self._journal.clear()
        return HttpAnswer(204)

    def _use_of_permissions(self, request: HttpRequest) -> HttpAnswer:
        wanted = request.query.get("Role")
        uses = self._journal.uses()
        known = {use.role for use in uses} | set(self._identities.role_names())
        names = [wanted] if wanted else sorted(name for name in known if not is_exempt(name))
        return _json(
            200,
            {
                "Roles": {
                    name: report(
                        self._identities.role(name),
                        {use: count for use, count in uses.items() if use.role == name},
                        self._authorizer.unmodelled.get(name, set()),
                    )
                    for name in names
                }
            },
        )


def _paths(routes: Mapping[str, Any]) -> str:
    return ", ".join(PATH + name for name in routes)


def _json(status: int, document: Mapping[str, Any]) -> HttpAnswer:
    return HttpAnswer(status, {"Content-Type": "application/json"}, json.dumps(document, indent=1).encode())
