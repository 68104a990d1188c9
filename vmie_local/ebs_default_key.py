"""The key that EBS encrypts with where nobody names one: GetEbsDefaultKmsKeyId and its kin."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from vmie_local.front_door.api_call import ApiCall, ApiError

if TYPE_CHECKING:
    from vmie_local.front_door.door import FrontDoor

_MANAGED = "alias/aws/ebs"


class EbsDefaultKey:
    """One default key per account and Region."""

    def __init__(self, front_door: FrontDoor) -> None:
        """Answer the operations at the front door.

        Args:
            front_door: Where they come in.
        """
        self._keys: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        front_door.register("ec2", "GetEbsDefaultKmsKeyId", self._get)
        front_door.register("ec2", "ModifyEbsDefaultKmsKeyId", self._modify)
        front_door.register("ec2", "ResetEbsDefaultKmsKeyId", self._reset)

    def _get(self, call: ApiCall) -> dict[str, Any]:
        with self._lock:
            return {"KmsKeyId": self._keys.get((call.account, call.region), _MANAGED)}

    def _modify(self, call: ApiCall) -> dict[str, Any]:
        key = call.parameters.get("KmsKeyId")
        if not key:
            raise ApiError("MissingParameter", "The request must contain the parameter KmsKeyId", 400)
        with self._lock:
            self._keys[call.account, call.region] = str(key)
        return {"KmsKeyId": key}

    def _reset(self, call: ApiCall) -> dict[str, Any]:
        with self._lock:
            self._keys.pop((call.account, call.region), None)
        return {"KmsKeyId": _MANAGED}
