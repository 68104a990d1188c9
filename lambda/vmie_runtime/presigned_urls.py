"""Presigned URLs of S3 objects: who signs them and how long they last.

Whoever has such a URL may do what it says. It goes to AWS and is kept nowhere: in no log, state or result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sts import STSClient

SESSION = timedelta(hours=1)
"""How long a session of the signing role lasts.

A URL ends with the session of whoever signed it. A Lambda function is not told when its own session ends; one
that it asks for lasts as long as it asks, an hour at most (IAM user guide, "Roles terms and concepts", role
chaining).
"""

SHORTEST_VALIDITY = timedelta(seconds=1)
"""URLs say in whole seconds how long they are valid."""

LONGEST_SIGNATURE = timedelta(days=7)
"""How long a URL of Signature Version 4 can be valid (Amazon S3 API reference)."""


def signing_client(sts: STSClient, role_arn: str, name: str) -> S3Client:
    """A client of a new session of the signing role, which lasts for `SESSION` from now.

    Its URLs have Signature Version 4: boto3 presigns with Version 2 in the older Regions unless told, and S3
    gives no object that KMS encrypts for such a URL.

    Args:
        sts: Asks for the session.
        role_arn: The role that may do what the URLs say, and nothing else.
        name: What the session is called in CloudTrail: 2 to 64 letters, digits and `_+=,.@-`.
    """
    session = sts.assume_role(
        RoleArn=role_arn, RoleSessionName=name, DurationSeconds=int(SESSION.total_seconds())
    )["Credentials"]
    return boto3.client(
        "s3",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
        config=Config(signature_version="s3v4"),
    )


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
        if not SHORTEST_VALIDITY <= left <= LONGEST_SIGNATURE:
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
