"""Clients of AWS whose answers are given beforehand, held against botocore's shapes."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from typing import Any

import boto3
from botocore.stub import Stubber

from tests.unit.runtime.checks.requests import ACCOUNT, REGION

KEY_ID = "0f1e2d3c-0000-4000-8000-123456789012"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY_ID}"


@cache
def client(service: Any) -> Any:
    """A client that reaches nobody; one for all tests, which restore it."""
    return boto3.client(service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


class Stub(Stubber):
    """Answers given beforehand; to be used as a context."""

    client: Any

    def __init__(self, service: str) -> None:
        super().__init__(client(service))

    def identify(self) -> None:
        """Let STS say who calls."""
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/validate/x"
        identity = {"Account": ACCOUNT, "UserId": "AROAEXAMPLE:x", "Arn": arn}
        self.add_response("get_caller_identity", identity, {})


def key(**changes: Any) -> dict[str, Any]:
    """The answer of DescribeKey for a key that can be used."""
    metadata = {
        "AWSAccountId": ACCOUNT,
        "KeyId": KEY_ID,
        "Arn": KEY_ARN,
        "CreationDate": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "Enabled": True,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    return {"KeyMetadata": {**metadata, **changes}}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """The answer of GetKeyPolicy."""
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def delegating() -> dict[str, Any]:
    """The statement of every key that KMS makes by itself: the account's own policies decide."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
