"""Calls for tests of what lies behind the parser."""

from __future__ import annotations

from typing import Any

from vmie_local.front_door.api_call import ApiCall, Principal

ACCOUNT = "123456789012"
ROLE = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/poll/session", role_name="poll")
ADMINISTRATOR = Principal(f"arn:aws:iam::{ACCOUNT}:root")


def call(
    service: str,
    operation: str,
    /,
    principal: Principal = ROLE,
    region: str = "us-east-1",
    **parameters: Any,
) -> ApiCall:
    return ApiCall(
        service=service,
        operation=operation,
        parameters=parameters,
        region=region,
        account=ACCOUNT,
        principal=principal,
        at=1_795_132_800.0,
    )
