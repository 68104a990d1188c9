"""Volumes that a disk does not fit on."""

from __future__ import annotations

from vmie_runtime.errors import RequestRejected

_GIB = 2**30


def require_fit(path: str, gib: int, size: int | None) -> None:
    """Refuse a volume that is smaller than the disk that it is to hold.

    Args:
        path: Where the request asks for the volume's size.
        gib: That size.
        size: The disk's, in bytes, as the guest sees it; None where it is not known, which is left to EC2.

    Raises:
        RequestRejected: `VolumeTooSmall`.
    """
    if size is not None and size > gib * _GIB:
        needed = -(-size // _GIB)
        raise RequestRejected(
            "VolumeTooSmall",
            f"{path} is {gib} GiB and the disk has {size:,} bytes, which need {needed} GiB.",
            needed=needed,
        )
