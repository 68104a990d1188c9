"""What S3 finds out only as it answers: the object is missing, or a key must decrypt it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.authorizer import Authorizer, Verdict
from vmie_local.front_door.authorization.encryption import EncryptionKeys
from vmie_local.front_door.authorization.requirement import Requirement
from vmie_local.front_door.authorization.tables.s3 import bucket_arn

_READING = {"GetObject", "GetObjectAttributes", "HeadObject"}
_MISSING = {"404", "NoSuchKey"}


def second_verdict(
    authorizer: Authorizer,
    keys: EncryptionKeys,
    call: ApiCall,
    verdict: Verdict,
    code: str | None,
    headers: Iterable[tuple[str, str]],
) -> Verdict:
    """The verdict after S3 has looked at the object.

    Without `s3:ListBucket`, S3 answers 403 for a missing object; an object that a customer's key encrypts
    takes `kms:Decrypt` to read (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html,
    Permissions).

    Args:
        authorizer: Knows the caller's policies.
        keys: Knows the keys.
        call: The call that was answered.
        verdict: The verdict before.
        code: The code of the answer's error, or None.
        headers: The answer's headers.
    """
    if call.service != "s3" or call.operation not in _READING or verdict.decision != "allowed":
        return verdict
    if code in _MISSING:
        asked: Requirement | None = Requirement("s3:ListBucket", bucket_arn(call, call.parameters["Bucket"]))
    else:
        asked = keys.to_read(call, headers) if code is None else None
    if asked is None:
        return verdict
    found = authorizer.judge_requirement(call, asked)
    return dataclasses.replace(found, checks=(*verdict.checks, *found.checks))
