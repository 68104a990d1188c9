"""Who holds which access key, learned from the answers of STS and IAM that pass the front door."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

from vmie_local.front_door.api_call import ApiCall, Principal
from vmie_local.front_door.signature import Signature

ANONYMOUS = Principal("*")

_ACCESS_KEY = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")
_ASSUMED_ROLE = re.compile(rb"<AssumedRoleUser>.*?<Arn>([^<]+)</Arn>", re.DOTALL)
_USER_NAME = re.compile(rb"<UserName>([^<]+)</UserName>")

OBSERVED = {
    ("sts", "AssumeRole"),
    ("sts", "AssumeRoleWithSAML"),
    ("sts", "AssumeRoleWithWebIdentity"),
    ("sts", "GetSessionToken"),
    ("iam", "CreateAccessKey"),
    ("iam", "DeleteAccessKey"),
}
"""The operations whose answers say whose key a key is."""


class Principals:
    """Access keys and their principals; every other key is the administrator's."""

    def __init__(self, account: str) -> None:
        """Start with no keys.

        Args:
            account: The account of the administrator.
        """
        self._administrator = Principal(f"arn:aws:iam::{account}:root")
        self._by_key: dict[str, Principal] = {}
        self._lock = threading.Lock()

    def of(self, signature: Signature | None) -> Principal:
        """Who signed a request."""
        if signature is None:
            return ANONYMOUS
        with self._lock:
            return self._by_key.get(signature.access_key_id, self._administrator)

    def learn(self, call: ApiCall, body: bytes) -> None:
        """Take in a successful answer to one of the `OBSERVED` calls."""
        if call.operation == "DeleteAccessKey":
            with self._lock:
                self._by_key[str(call.parameters.get("AccessKeyId"))] = ANONYMOUS
            return
        key = _ACCESS_KEY.search(body)
        principal = self._described(call, body)
        if key and principal:
            with self._lock:
                self._by_key[key.group(1).decode()] = principal

    def _described(self, call: ApiCall, body: bytes) -> Principal | None:
        if call.operation == "GetSessionToken":
            return None if call.principal.is_administrator else call.principal
        if call.operation == "CreateAccessKey":
            found = _USER_NAME.search(body)
            if found is None:
                return None
            name = found.group(1).decode()
            return Principal(f"arn:aws:iam::{call.account}:user/{name}", user_name=name)
        assumed = _ASSUMED_ROLE.search(body)
        if assumed is None:
            return None
        return Principal(
            assumed.group(1).decode(),
            role_name=str(call.parameters.get("RoleArn", "")).rpartition("/")[2],
            session_tags={tag["Key"]: tag["Value"] for tag in call.parameters.get("Tags", [])},
            session_policies=_session_policies(call.parameters),
        )


def _session_policies(parameters: dict[str, Any]) -> tuple[str, ...]:
    if "Policy" not in parameters:
        return ()
    json.loads(parameters["Policy"])  # STS has accepted it, so this only guards our own parsing
    return (str(parameters["Policy"]),)


def account_of(principal: Principal, default: str) -> str:
    """The account of a principal."""
    parts = principal.arn.split(":")
    return parts[4] if len(parts) > 4 and parts[4] else default
