"""What the operations of this room work with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vmie_local.blocks import BlockStore
from vmie_local.clock import Clock
from vmie_local.events import Event
from vmie_local.place import Place

Later = Callable[[float, Callable[[], None]], None]
"""Does something after so many seconds of the cloud's clock."""


@dataclass(frozen=True)
class Surroundings:
    """The rest of the cloud.

    Attributes:
        clock: The cloud's clock.
        blocks: The bytes of snapshots and volumes.
        later: Ends what takes time, with the lock held.
        publish: Sends an event to EventBridge.
        lock: Held by whoever looks at EC2's state to change it.
    """

    clock: Clock
    blocks: BlockStore
    later: Later
    publish: Callable[[Event], None]
    lock: threading.RLock


Act = Callable[[], dict[str, Any]]
"""Carries out a request that has passed its checks; gives botocore's output members."""

Operation = Callable[[Surroundings, Place, Mapping[str, Any]], Act]
"""Checks botocore's input members and says what is to be done, or raises `ApiError`."""
