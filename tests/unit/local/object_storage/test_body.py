"""Bodies on disk."""

from __future__ import annotations

import gc
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmie_local.object_storage import BodyStore, ObjectBody
from vmie_local.object_storage.aws_chunked import BrokenBodyError, decode, exactly


@pytest.fixture
def store(tmp_path: Path) -> BodyStore:
    return BodyStore(tmp_path)


@given(parts=st.lists(st.binary(max_size=50), max_size=4), data=st.data())
def test_a_joined_and_cut_body_is_the_same_cut_of_the_bytes(parts: list[bytes], data: st.DataObject) -> None:
    import tempfile

    whole = b"".join(parts)
    start = data.draw(st.integers(-60, 210))
    stop = data.draw(st.one_of(st.none(), st.integers(-60, 210)))
    with tempfile.TemporaryDirectory() as folder:
        store = BodyStore(Path(folder))
        body = ObjectBody.joined([store.save([part]) for part in parts])
        assert len(body) == len(whole)
        assert body.md5 == hashlib.md5(whole, usedforsecurity=False).hexdigest()
        cut = body[start:stop]
        assert (cut.read(), len(cut)) == (whole[start:stop], len(whole[start:stop]))
        assert cut[1:3].read() == whole[start:stop][1:3]


def test_a_body_knows_its_digest_without_reading_it_again(store: BodyStore, tmp_path: Path) -> None:
    body = store.save([b"ab", b"c"])
    next(tmp_path.iterdir()).write_bytes(b"xyz")
    assert body.md5 == hashlib.md5(b"abc", usedforsecurity=False).hexdigest()


def test_the_file_goes_with_the_last_body_that_needs_it(store: BodyStore, tmp_path: Path) -> None:
    body = store.save([b"abcdef"])
    part = body[2:4]
    del body
    gc.collect()
    assert part.read() == b"cd"
    del part
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_broken_upload_leaves_no_file(store: BodyStore, tmp_path: Path) -> None:
    with pytest.raises(BrokenBodyError, match="ends 3 bytes early"):
        store.save(exactly(io.BytesIO(b"ab"), 5))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_body_is_true_and_empty(store: BodyStore) -> None:
    body = store.save([])
    assert (bool(body), len(body), body.read()) == (True, 0, b"")


def test_single_bytes_and_steps_are_refused(store: BodyStore) -> None:
    body = store.save([b"abc"])
    with pytest.raises(TypeError):
        body[0]
    with pytest.raises(ValueError, match="not stepped"):
        body[::2]


@pytest.mark.parametrize("signature", [b"", b";chunk-signature=abc"])
def test_chunks_and_trailers_are_taken_apart(signature: bytes) -> None:
    body = b"3" + signature + b"\r\nabc\r\n" + b"A" + signature + b"\r\n0123456789\r\n0" + signature + b"\r\n"
    trailers: dict[str, str] = {}
    stream = io.BytesIO(body + b"x-amz-checksum-crc32:NSRBwg==\r\n\r\n")
    assert b"".join(decode(stream, trailers)) == b"abc0123456789"
    assert trailers == {"x-amz-checksum-crc32": "NSRBwg=="}


@pytest.mark.parametrize("body", [b"", b"xyz\r\n", b"5\r\nab", b"2\r\nabc\r\n0\r\n\r\n"])
def test_a_malformed_chunked_body_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenBodyError):
        list(decode(io.BytesIO(body), {}))


def test_an_adopted_file_is_a_body_like_one_that_was_saved(store: BodyStore, tmp_path: Path) -> None:
    file = tmp_path / "disk"
    with file.open("wb") as disk:
        disk.write(b"head")
        disk.truncate(5 << 20)
        disk.seek(4 << 20)
        disk.write(b"tail")
    whole = file.read_bytes()

    body = store.adopt(file)

    assert not file.exists()
    assert (len(body), body.md5) == (len(whole), hashlib.md5(whole, usedforsecurity=False).hexdigest())
    for cut in (
        slice(0, 2 << 20),
        slice(1 << 20, 3 << 20),
        slice((1 << 20) + 7, 3 << 20),
        slice(3 << 20, None),
    ):
        assert body[cut].md5 == hashlib.md5(whole[cut], usedforsecurity=False).hexdigest()
