from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from vmie_runtime import presigned_urls
from vmie_runtime.presigned_urls import UrlSigner

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/signing"


class Sessions:
    """STS, which gives a session of whatever role and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def assume_role(self, **parameters: Any) -> dict[str, Any]:
        self.asked.append(parameters)
        return {
            "Credentials": {
                "AccessKeyId": "ASIAOFTHESESSION",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": NOW,
            }
        }


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Sessions:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEFUNCTION")
    return Sessions()


def test_urls_are_signed_in_a_session_of_the_role_that_lasts_as_long_as_is_counted_on(sts: Sessions):
    client = presigned_urls.signing_client(sts, ROLE, "vmie-1")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "images", "Key": "a"})

    assert "X-Amz-Credential=ASIAOFTHESESSION" in url
    (asked,) = sts.asked
    assert asked == {
        "RoleArn": ROLE,
        "RoleSessionName": "vmie-1",
        "DurationSeconds": presigned_urls.SESSION.total_seconds(),
    }


def test_the_signing_client_makes_urls_that_read_encrypted_objects(sts: Sessions):
    client = presigned_urls.signing_client(sts, ROLE, "vmie-1")

    url = client.generate_presigned_url("get_object", Params={"Bucket": "images", "Key": "a"})

    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


def test_a_client_of_signature_version_2_is_refused():
    old = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="secret",
        config=Config(signature_version="s3"),
    )

    with pytest.raises(ValueError, match="Signature Version 2"):
        UrlSigner(old, 60).get({"Bucket": "images", "Key": "a"})


@pytest.mark.parametrize("left", [timedelta(0), timedelta(days=7, seconds=1), timedelta(seconds=-5)])
def test_urls_of_no_time_or_more_than_a_signature_lasts_are_refused(left: timedelta):
    with pytest.raises(ValueError, match="a second to seven days"):
        UrlSigner.until(boto3.client("s3", region_name="us-east-1"), NOW + left, now=NOW)
