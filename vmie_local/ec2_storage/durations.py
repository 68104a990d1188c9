"""How long things take, in seconds of AWS time.

All of them are ours: nobody publishes such numbers. They are in the order of what people see with small
disks, and above zero, so that whoever forgets to wait learns it here.
"""

from __future__ import annotations

REGISTERING_IMAGE = 5.0
CREATING_IMAGE = 120.0
COPYING_IMAGE = 240.0
CREATING_SNAPSHOT = 30.0
COPYING_SNAPSHOT = 120.0
CREATING_VOLUME = 5.0
ATTACHING_VOLUME = 3.0
DETACHING_VOLUME = 5.0
