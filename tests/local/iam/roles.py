"""Roles of the local AWS for tests of IAM."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vmie_local import LocalAws

ACCOUNT = "123456789012"
TRUST_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
numbers = count()

RoleMaker = Callable[..., "Role"]


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Role:
    """A role of the local AWS and clients that call as it."""

    def __init__(self, cloud: LocalAws, name: str, *statements: dict[str, Any], **more: Any) -> None:
        self.cloud, self.name, self.iam = cloud, name, cloud.client("iam")
        self.arn = self.iam.create_role(
            RoleName=name, **{"AssumeRolePolicyDocument": json.dumps(TRUST_LAMBDA), **more}
        )["Role"]["Arn"]
        if statements:
            self.may(*statements)

    def may(self, *statements: dict[str, Any]) -> None:
        self.iam.put_role_policy(RoleName=self.name, PolicyName="Inline", PolicyDocument=policy(*statements))

    def client(self, service: str) -> Any:
        return self.cloud.client(service, role_arn=self.arn)


def refused(work: Callable[[], Any], code: str) -> str:
    with pytest.raises(ClientError) as caught:
        work()
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])
