"""Whether a Linux guest's kernel has the drivers of current EC2 instances."""

from __future__ import annotations

import re

from vmie_images.guest.linux_root import LinuxRoot

MAX_CONFIGURATION = 512 * 1024
"""Bytes of a kernel's configuration that are read; real ones have about 250 KiB."""

_OPTIONS = {"ena": b"CONFIG_ENA_ETHERNET", "nvme": b"CONFIG_BLK_DEV_NVME"}
_PLACES = {
    "ena": "kernel/drivers/net/ethernet/amazon/ena",
    "nvme": "kernel/drivers/nvme/host",
}


def read_drivers(root: LinuxRoot, kernel: str | None) -> dict[str, bool | None]:
    """Whether a kernel has the drivers ``ena`` and ``nvme``, built in or as modules.

    The kernel's configuration says it in one read; where a distribution leaves that out, its modules are
    looked for.

    Args:
        root: The guest.
        kernel: The version of the kernel that boots.

    Returns:
        By driver; ``None`` where it cannot be told.
    """
    if kernel is None:
        return dict.fromkeys(_OPTIONS)
    configuration = root.read(f"/boot/config-{kernel}", MAX_CONFIGURATION)
    if configuration:
        return {
            driver: re.search(rb"^%s=[ym]$" % option, configuration, re.MULTILINE) is not None
            for driver, option in _OPTIONS.items()
        }
    folder = f"/lib/modules/{kernel}"
    if not root.exists(folder):
        return dict.fromkeys(_OPTIONS)
    built_in = (root.text(f"{folder}/modules.builtin") or "").splitlines()
    return {
        driver: f"{place}/{driver}.ko" in built_in
        or any(name.startswith(f"{driver}.ko") for name in root.list(f"{folder}/{place}"))
        for driver, place in _PLACES.items()
    }
