"""The phases of conversion tasks."""

from __future__ import annotations

from vmie_local.vm_import.phases import Phase

PENDING, CONVERTING, UPDATING, TRANSFERRING = "pending", "converting", "updating", "transferring"

IMPORT_VOLUME = (
    Phase(PENDING, (0, 0), 60, 20),
    Phase(CONVERTING, (2, 95), 360, 40),
    Phase(TRANSFERRING, (96, 99), 60),
)
"""ImportVolume. The task says `Pending` while it waits for the image and reads it, then `Progress: 20%`.

The names of the phases, which faults are asked for by, and their durations are ours.
"""

IMPORT_INSTANCE = (
    Phase(PENDING, (0, 0), 60, 20),
    Phase(CONVERTING, (2, 99), 360, 40),
    Phase(UPDATING, (6, 95), 900),
    Phase(TRANSFERRING, (96, 99), 60),
)
"""ImportInstance, as a public log of 2014 shows it: the task is `Pending` until its volume is converted, and
the volume's own message goes from `Pending : Downloaded 1268776960` to `Progress: 50%`; then the volume is
completed and the task says `Progress: 6%`. The rest is ours.
"""
