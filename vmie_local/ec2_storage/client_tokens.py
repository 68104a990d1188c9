"""Client tokens: a request that comes again gets its first answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vmie_local.place import Place
from vmie_local.vm_import import request_errors


class ClientTokens:
    """The answers of requests that had a token. Whoever uses it holds the room's lock."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Place, str, str], tuple[str, dict[str, Any]]] = {}

    def answer(self, place: Place, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer that an equal request got before, or None.

        Raises:
            ApiError: `IdempotentParameterMismatch`, if that request had other parameters.
        """
        found = self._answers.get((place, operation, parameters.get("ClientToken") or ""))
        if found is None:
            return None
        fingerprint, answer = found
        if fingerprint != _fingerprint(parameters):
            raise request_errors.token_reused()
        return answer

    def keep(
        self, place: Place, operation: str, parameters: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Remember the answer of a request, if it had a token."""
        if token := parameters.get("ClientToken"):
            self._answers[place, operation, token] = _fingerprint(parameters), answer


def _fingerprint(parameters: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in parameters.items() if name not in ("ClientToken", "DryRun")}
    return json.dumps(kept, sort_keys=True, default=str)
