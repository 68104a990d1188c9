"""S3: objects encrypted with a key of the customer (SSE-C) are unreadable without it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from vmie_local.moto_seams.s3_storage import INNER_RESPONSE, S3_ERROR
from vmie_local.moto_seams.seam import Seam, replace, resolve

GET_OBJECT = Seam(
    "moto.s3.models:S3Backend.get_object",
    "finds the object whose key is asked for",
    ("self", "bucket_name", "key_name", "version_id", "part_number", "return_delete_marker"),
)
MULTIPARTS = Seam("moto.s3.models:FakeBucket.__init__", "holds the uploads in progress")

SEAMS = (GET_OBJECT, MULTIPARTS)

_ALGORITHM = "x-amz-server-side-encryption-customer-algorithm"
_KEY_MD5 = "x-amz-server-side-encryption-customer-key-md5"
_COPY_KEY_MD5 = "x-amz-copy-source-server-side-encryption-customer-key-md5"
_SUBRESOURCES = frozenset({"acl", "tagging", "retention", "legal-hold", "uploadId", "uploads", "restore"})
_NEEDED = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided "
    "to retrieve the object."
)
_PART_NEEDED = (
    "The multipart upload initiate requested encryption. Subsequent part requests must include the "
    "appropriate encryption parameters."
)


def install() -> None:
    """Ask for the customer's key wherever S3 does."""
    replace(INNER_RESPONSE, _asking)


def _asking(original: Callable[..., Any]) -> Callable[..., Any]:
    def _key_response(self: Any, request: Any, full_url: str) -> Any:
        query = parse_qs(urlparse(full_url).query, keep_blank_values=True)
        given = request.headers.get(_KEY_MD5)
        if request.method in ("GET", "HEAD") and not _SUBRESOURCES & query.keys():
            stored = _key_of(self, self.bucket_name, self.parse_key_name(), query.get("versionId", [None])[0])
            if stored != given:
                return _refusal(request.method, stored, given)
            return _shown(original(self, request, full_url), given)
        if request.method == "PUT" and (source := request.headers.get("x-amz-copy-source")):
            _check_source(self, source, request.headers.get(_COPY_KEY_MD5))
        upload = _upload(self, query)
        if upload is not None and request.method == "PUT" and _of(upload) != given:
            raise _error("InvalidRequest", _PART_NEEDED)
        answer = original(self, request, full_url)
        if answer[0] == 200:
            _mark(self, request.method, query, given, upload, answer)
        return _shown(answer, given)

    return _key_response


def _mark(
    self: Any, method: str, query: dict[str, list[str]], given: str | None, upload: Any, answer: Any
) -> None:
    """Remember the key of what was just written."""
    if method == "POST" and "uploads" in query and given:
        text = answer[2] if isinstance(answer[2], str) else bytes(answer[2]).decode()
        upload_id = text.partition("<UploadId>")[2].partition("</UploadId>")[0]
        self.backend.get_bucket(self.bucket_name).multiparts[upload_id].vmie_customer_key = given
        return
    completed = method == "POST" and upload is not None
    key_md5 = _of(upload) if completed else given
    if key_md5 and (completed or (method == "PUT" and not _SUBRESOURCES & query.keys())):
        written = self.backend.get_object(self.bucket_name, self.parse_key_name())
        written.vmie_customer_key = key_md5
        written.encryption = written.kms_key_id = written.bucket_key_enabled = None


def _check_source(self: Any, source: str, given: str | None) -> None:
    parsed = urlparse(source)
    bucket, _, key = unquote(parsed.path).lstrip("/").partition("/")
    if _key_of(self, bucket, key, parse_qs(parsed.query).get("versionId", [None])[0]) != given:
        raise _error("InvalidRequest", _NEEDED)


def _key_of(self: Any, bucket: str, key: str, version_id: str | None) -> str | None:
    s3_error = resolve(S3_ERROR)
    try:
        return _of(self.backend.get_object(bucket, key, version_id=version_id))
    except s3_error:  # no such bucket: moto says so better
        return None


def _of(thing: Any) -> str | None:
    found: str | None = getattr(thing, "vmie_customer_key", None)
    return found


def _upload(self: Any, query: dict[str, list[str]]) -> Any:
    if "uploadId" not in query:
        return None
    return self.backend.get_bucket(self.bucket_name).multiparts.get(query["uploadId"][0])


def _refusal(method: str, stored: str | None, given: str | None) -> Any:
    if stored is not None and given is not None:
        code, message, status = "AccessDenied", "Access Denied", 403
    elif stored is not None:
        code, message, status = "InvalidRequest", _NEEDED, 400
    else:
        message = "The encryption parameters are not applicable to this object."
        code, status = "InvalidRequest", 400
    if method == "HEAD":
        return status, {}, ""
    raise _error(code, message, status)


def _error(code: str, message: str, status: int = 400) -> Exception:
    error: Exception = resolve(S3_ERROR)(code, message)
    error.status_code = status  # type: ignore[attr-defined]
    return error


def _shown(answer: Any, key_md5: str | None) -> Any:
    if key_md5:
        answer[1].update({_ALGORITHM: "AES256", _KEY_MD5: key_md5})
    return answer
