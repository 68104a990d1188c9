"""CloudWatch Logs: the key of a log group can change."""

from __future__ import annotations

from typing import Any

from vmie_local.moto_seams.seam import Seam, resolve

RESPONSE = Seam("moto.logs.responses:LogsResponse", "has no associate_kms_key and no disassociate_kms_key")
BACKEND = Seam("moto.logs.responses:LogsResponse.logs_backend", "holds the log groups")
NOT_FOUND = Seam("moto.logs.models:ResourceNotFoundException", "there is no such log group")

SEAMS = (RESPONSE, BACKEND, NOT_FOUND)


def install() -> None:
    """Answer AssociateKmsKey and DisassociateKmsKey."""
    response = resolve(RESPONSE)
    response.associate_kms_key = lambda self: _set_key(self, self._get_param("kmsKeyId"))
    response.disassociate_kms_key = lambda self: _set_key(self, None)


def _set_key(response: Any, key: str | None) -> str:
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise resolve(NOT_FOUND)()
    group.kms_key_id = key
    return ""
