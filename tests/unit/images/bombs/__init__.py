"""Small files and structures that cost careless readers hours or gigabytes."""

from __future__ import annotations

from tests.unit.images.bombs.containers import CONTAINERS
from tests.unit.images.bombs.filesystems import FILE_SYSTEMS
from tests.unit.images.bombs.guests import GUESTS
from tests.unit.images.bombs.volumes import VOLUMES

BOMBS = CONTAINERS | VOLUMES | FILE_SYSTEMS | GUESTS
"""What each bomb does to the readers, by its name; it returns the codes of what was found, if any."""
