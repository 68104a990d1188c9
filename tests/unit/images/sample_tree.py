"""The files that every file system in ``tests/data/filesystems`` holds."""

from __future__ import annotations

MANY = 300


def sample_files() -> dict[str, bytes]:
    """Content by path: small files, a long one, one with holes, deep and crowded directories."""
    files = {
        "etc/os-release": b'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n',
        "deep/a/b/c/d/leaf.txt": b"deep\n",
        "Long Name With Blanks and CAPITALS.txt": b"long name\n",
        "empty": b"",
        "lines.txt": b"".join(
            b"line %06d of a file that compresses well\n" % number for number in range(8000)
        ),
        "holes.bin": _holes(),
        "islands.bin": _islands(),
    }
    files |= {f"many/entry-number-{number:04d}.txt": b"%d\n" % number for number in range(MANY)}
    return files


SAMPLE_LINKS = {
    "etc/relative": "os-release",
    "absolute": "/etc/os-release",
    "climbing": "../../../etc/os-release",
    "loop": "loop",
    "distant": "./" * 60 + "deep/a/b/c/d/leaf.txt",
}


def _holes() -> bytes:
    data = bytearray(3 << 20)
    for place in (0, 70_000, 1 << 20, (3 << 20) - 5000):
        data[place : place + 5000] = b"island %07d" % place * 357 + b"."
    return bytes(data[: 3 << 20])


def _islands() -> bytes:
    """So many stretches that no inode or file record holds their list."""
    return b"".join((b"island %04d" % number).ljust(4096, b".") + bytes(4096) for number in range(600))
