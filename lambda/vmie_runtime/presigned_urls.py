"""Presigned URLs of S3 objects: how they are signed and how long they can last.

Whoever has such a URL may do what it says. It goes to AWS and is kept nowhere: in no log, state or result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from types_boto3_s3 import S3Client

LONGEST_SIGNATURE = timedelta(days=7)
"""How long a URL of Signature Version 4 can be valid (Amazon S3 API reference)."""

SHORTEST_SESSION = timedelta(hours=1)
"""What is assumed of a session whose end nothing tells: the least that a role's maximum session can be set to
(IAM user guide). A Lambda function's is such a one: its environment does not tell the end, which need not be
what the role sets (AWS re:Post, "Why is my presigned URL ... expiring"). It often lasts longer. A session by
`sts:AssumeRole` has an end that is known, and lasts an hour at most where a role's session asks for it."""


def latest_expiry(
    credentials: Credentials | None,
    *,
    now: datetime,
    session_ends_at: datetime | None = None,
    unknown_session: timedelta = SHORTEST_SESSION,
) -> datetime:
    """Until when URLs signed now can be valid, however late they are asked to end.

    A presigned URL ends with the session of whoever signed it.

    Args:
        credentials: Of whoever signs, such as `boto3.Session().get_credentials()`.
        now: The time.
        session_ends_at: When their session ends, if that is known, as from the answer to AssumeRole.
        unknown_session: What to assume of a session whose end nothing tells.
    """
    latest = now + LONGEST_SIGNATURE
    # botocore knows the end of sessions that it refreshes itself, and has no public name for it.
    ends_at: datetime | None = session_ends_at or getattr(credentials, "_expiry_time", None)
    if ends_at is not None:
        return min(latest, ends_at)
    if credentials is not None and credentials.token is None:
        return latest
    return min(latest, now + unknown_session)


@cache
def signing_client() -> S3Client:
    """A client whose URLs have Signature Version 4.

    boto3 presigns with Version 2 in the older Regions unless told, and S3 gives no object that KMS encrypts
    for such a URL.
    """
    return boto3.client("s3", config=Config(signature_version="s3v4"))


@dataclass(frozen=True)
class UrlSigner:
    """Presigns requests about objects.

    Attributes:
        s3: Whose credentials sign.
        seconds: How long the URLs are valid.
    """

    s3: S3Client
    seconds: int

    @classmethod
    def until(cls, s3: S3Client, valid_until: datetime, *, now: datetime) -> UrlSigner:
        """A signer of URLs that end at a moment.

        Raises:
            ValueError: If that is not a second to seven days away.
        """
        left = valid_until - now
        if not timedelta(seconds=1) <= left <= LONGEST_SIGNATURE:
            raise ValueError(f"A presigned URL is valid for a second to seven days, not for {left}.")
        return cls(s3, int(left.total_seconds()))

    def get(self, place: Mapping[str, str]) -> str:
        """A URL that reads an object.

        Args:
            place: `Bucket`, `Key` and, for one version, `VersionId`.
        """
        return self._sign("get_object", place)

    def head(self, place: Mapping[str, str]) -> str:
        """A URL that tells whether an object is there."""
        return self._sign("head_object", place)

    def delete(self, place: Mapping[str, str]) -> str:
        """A URL that deletes an object."""
        return self._sign("delete_object", place)

    def _sign(self, operation: str, place: Mapping[str, str]) -> str:
        url = self.s3.generate_presigned_url(operation, Params=dict(place), ExpiresIn=self.seconds)
        if "X-Amz-Signature=" not in url:
            raise ValueError(
                "The client signs with Signature Version 2, which reads no object that KMS encrypts. "
                "Use presigned_urls.signing_client()."
            )
        return url
