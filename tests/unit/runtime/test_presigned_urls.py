from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import Credentials, RefreshableCredentials

from vmie_runtime import presigned_urls

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


def refreshable(ends_at: datetime) -> RefreshableCredentials:
    return RefreshableCredentials("AKIA", "secret", "token", ends_at, dict, "assume-role")


def test_urls_end_with_the_session_that_signed_them():
    ends_at = NOW + timedelta(minutes=50)

    assert presigned_urls.latest_expiry(refreshable(ends_at), now=NOW) == ends_at


def test_urls_end_with_a_session_whose_end_is_told():
    ends_at = NOW + timedelta(minutes=50)
    of_a_role = Credentials("ASIA", "secret", "token")

    assert presigned_urls.latest_expiry(of_a_role, now=NOW, session_ends_at=ends_at) == ends_at


def test_urls_of_a_lasting_key_end_after_seven_days():
    user = Credentials("AKIA", "secret")

    assert presigned_urls.latest_expiry(user, now=NOW) == NOW + timedelta(days=7)
    longer = refreshable(NOW + timedelta(days=8))
    assert presigned_urls.latest_expiry(longer, now=NOW) == NOW + timedelta(days=7)


def test_a_session_whose_end_nothing_tells_is_assumed_to_be_short():
    of_a_function = Credentials("ASIA", "secret", "token")

    assert presigned_urls.latest_expiry(of_a_function, now=NOW) == NOW + timedelta(hours=1)
    assert presigned_urls.latest_expiry(None, now=NOW) == NOW + timedelta(hours=1)
    assert presigned_urls.latest_expiry(
        of_a_function, now=NOW, unknown_session=timedelta(hours=6)
    ) == NOW + timedelta(hours=6)


def test_the_signing_client_makes_urls_that_read_encrypted_objects(monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    presigned_urls.signing_client.cache_clear()
    try:
        url = presigned_urls.signing_client().generate_presigned_url(
            "get_object", Params={"Bucket": "images", "Key": "a"}
        )
    finally:
        presigned_urls.signing_client.cache_clear()

    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
