"""S3: bodies on disk instead of in memory, and keys as long as S3 allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from vmie_local.moto_seams.seam import Seam, replace, resolve
from vmie_local.object_storage import INCOMING_BODY, ObjectBody
from vmie_local.object_storage.checksums import composite

if TYPE_CHECKING:
    from vmie_local.object_storage import BodyStore

VALUE = Seam("moto.s3.models:FakeKey.value", "keeps the whole body in memory")
ETAG = Seam("moto.s3.models:FakeKey.etag", "computes the MD5 from the body in memory")
COMPLETE = Seam(
    "moto.s3.models:FakeMultipart.complete", "joins the parts of an upload in memory", ("self", "body")
)
KEY_RESPONSE = Seam(
    "moto.s3.responses:S3Response.key_response",
    "answers a GET with the whole body in memory, even for a range",
    ("self", "request", "full_url", "headers"),
)
INNER_RESPONSE = Seam(
    "moto.s3.responses:S3Response._key_response",
    "accepts keys of more than 1,024 bytes",
    ("self", "request", "full_url"),
)
SETUP = Seam(
    "moto.s3.responses:S3Response.setup_class",
    "takes the body of an upload from the request",
    ("self", "request", "full_url", "headers"),
)
COMPUTE_CHECKSUM = Seam(
    "moto.s3.responses:compute_checksum",
    "computes the checksum of a copy from the body in memory",
    ("body", "algorithm", "encode_base64"),
)
MIN_PART_SIZE = Seam("moto.s3.models:S3_UPLOAD_PART_MIN_SIZE", "the smallest part of an upload but the last")
INVALID_PART = Seam("moto.s3.exceptions:InvalidPart.__init__", "refuses a part", ("self",))
ENTITY_TOO_SMALL = Seam("moto.s3.exceptions:EntityTooSmall.__init__", "refuses a small part", ("self",))
MALFORMED_XML = Seam("moto.s3.exceptions:MalformedXML.__init__", "refuses an empty list", ("self",))
S3_ERROR = Seam("moto.s3.exceptions:S3ClientError", "errors of our own in S3's words")

SEAMS = (
    VALUE,
    ETAG,
    COMPLETE,
    KEY_RESPONSE,
    INNER_RESPONSE,
    SETUP,
    COMPUTE_CHECKSUM,
    MIN_PART_SIZE,
    INVALID_PART,
    ENTITY_TOO_SMALL,
    MALFORMED_XML,
    S3_ERROR,
)

_MAX_KEY_BYTES = 1024
# Within an S3 request a body travels as itself; everybody else (Lambda code, S3 Select) gets its bytes.
_by_reference: ContextVar[bool] = ContextVar("by_reference", default=False)


def install(store: BodyStore) -> None:
    """Keep the bodies of objects in a store."""
    replace(VALUE, lambda _: property(_get_value, lambda key, value: _set_value(store, key, value)))
    replace(ETAG, lambda _: property(_etag))
    replace(COMPLETE, lambda _: _complete)
    replace(KEY_RESPONSE, _streaming)
    replace(INNER_RESPONSE, _limiting)
    replace(SETUP, _receiving)
    replace(COMPUTE_CHECKSUM, _reading)


def _get_value(key: Any) -> bytes:
    body: ObjectBody = key.vmie_body
    return body if _by_reference.get() else body.read()


def _set_value(store: BodyStore, key: Any, value: bytes | str) -> None:
    if isinstance(value, ObjectBody):
        body = value
    elif value:
        body = store.save([value.encode() if isinstance(value, str) else value])
    else:
        body = ObjectBody()
    key.vmie_body, key.contentsize = body, len(body)


def _etag(key: Any) -> str:
    return f'"{key._etag or key.vmie_body.md5}"'


def _complete(self: Any, body: Iterator[tuple[int, str]]) -> tuple[bytes, str, Any]:
    """Check the parts as S3 does and put them one behind the other, without copying them."""
    import hashlib

    from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
    from moto.s3.models import S3_UPLOAD_PART_MIN_SIZE

    parts: list[ObjectBody] = []
    for number, etag in body:
        part = self.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart()
        if parts and len(parts[-1]) < S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall()
        parts.append(part.vmie_body)
    if not parts:
        raise MalformedXML
    digest = hashlib.md5(usedforsecurity=False)
    for one in parts:
        digest.update(bytes.fromhex(one.md5))
    return ObjectBody.joined(parts), f"{digest.hexdigest()}-{len(parts)}", _checksum(self.metadata, parts)


def _checksum(metadata: Any, parts: list[ObjectBody]) -> tuple[str, str, int] | None:
    algorithm = metadata.get("x-amz-checksum-algorithm")
    if not algorithm or metadata.get("x-amz-checksum-type") == "FULL_OBJECT":
        return None
    value = composite(algorithm, parts)
    return ("COMPOSITE", value, len(parts)) if value else None


def _streaming(original: Callable[..., Any]) -> Callable[..., Any]:
    def key_response(self: Any, request: Any, full_url: str, headers: dict[str, Any]) -> Any:
        token = _by_reference.set(request.method in ("GET", "HEAD", "PUT"))
        try:
            status, answer_headers, content = original(self, request, full_url, headers)
        finally:
            _by_reference.reset(token)
        if isinstance(content, ObjectBody):
            answer_headers["content-length"] = str(len(content))
            content = content.chunks()
        return status, answer_headers, content

    return key_response


def _limiting(original: Callable[..., Any]) -> Callable[..., Any]:
    def _key_response(self: Any, request: Any, full_url: str) -> Any:
        if len(self.parse_key_name().encode()) > _MAX_KEY_BYTES:
            raise resolve(S3_ERROR)("KeyTooLongError", "Your key is too long")
        return original(self, request, full_url)

    return _key_response


def _receiving(original: Callable[..., Any]) -> Callable[..., Any]:
    def setup_class(self: Any, request: Any, full_url: str | None = None, headers: Any = None) -> None:
        original(self, request, full_url, headers)
        body = request.environ.get(INCOMING_BODY)
        if body is not None:
            self.body = body

    return setup_class


def _reading(original: Callable[..., Any]) -> Callable[..., Any]:
    def compute_checksum(body: bytes, algorithm: str, encode_base64: bool = True) -> Any:
        return original(body.read() if isinstance(body, ObjectBody) else body, algorithm, encode_base64)

    return compute_checksum
