"""S3 tells whoever may not list a bucket nothing about which objects it lacks."""

from __future__ import annotations

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.authorizer import Authorizer, Verdict
from vmie_local.front_door.authorization.requirement import Requirement
from vmie_local.front_door.authorization.tables.s3 import bucket_arn

_OPERATIONS = {"GetObject", "GetObjectAttributes", "HeadObject"}
_CODES = {"404", "NoSuchKey"}


def hides_missing_object(authorizer: Authorizer, call: ApiCall, code: str) -> Verdict | None:
    """The verdict that replaces a 404: without `s3:ListBucket`, S3 answers 403 for a missing object.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions.

    Args:
        authorizer: Knows the caller's policies.
        call: The call that was answered.
        code: The code of its error.

    Returns:
        The verdict on `s3:ListBucket` if it denies, else None.
    """
    if call.service != "s3" or call.operation not in _OPERATIONS or code not in _CODES:
        return None
    requirement = Requirement("s3:ListBucket", bucket_arn(call, call.parameters["Bucket"]))
    verdict = authorizer.judge_requirement(call, requirement)
    return verdict if verdict.decision == "denied" else None
