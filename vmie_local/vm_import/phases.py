"""The phases of a task: what it says, how far it is and how long it stays there."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Phase:
    """One phase of an active task.

    Attributes:
        message: The task's StatusMessage while it is in this phase.
        progress: The percentage at the phase's beginning and at its end.
        seconds: How long it takes, in seconds of AWS time, whatever the image's size.
        seconds_per_gib: What each GiB of the image file adds.
    """

    message: str
    progress: tuple[int, int]
    seconds: float
    seconds_per_gib: float = 0.0

    def duration(self, image_bytes: float) -> float:
        """Seconds of AWS time for image files of so many bytes."""
        return self.seconds + self.seconds_per_gib * image_bytes / GIB

    def progress_at(self, elapsed: float, duration: float) -> int:
        """The percentage after `elapsed` of `duration` seconds."""
        first, last = self.progress
        share = 1.0 if duration <= 0 else min(1.0, max(0.0, elapsed / duration))
        return first + int((last - first) * share)


IMPORT_IMAGE = (
    Phase("pending", (1, 1), 30),
    Phase("validating", (2, 18), 120, 5),
    Phase("validated", (19, 19), 15),
    Phase("converting", (19, 28), 420, 20),
    Phase("updating", (34, 34), 180),
    Phase("updated", (34, 34), 15),
    Phase("preparing to boot", (39, 39), 60),
    Phase("booting", (39, 39), 360),
    Phase("booted", (41, 41), 15),
    Phase("preparing ami", (57, 85), 270, 5),
)
"""ImportImage. Order and messages as AWS's user guide and public logs show them, percentages as seen in 2024.

The sum for a small image is 25 minutes, which is what people report (20-30 minutes for 8 GiB); how it is
shared among the phases and the seconds per GiB are ours, because nobody has published a measurement.
"""

IMPORT_SNAPSHOT = (
    Phase("pending", (0, 3), 30),
    Phase("validating", (3, 31), 90, 5),
    Phase("validated", (32, 32), 15),
    Phase("downloading/converting", (19, 42), 780, 20),
)
"""ImportSnapshot. Messages and percentages as public logs show them: 32 at `validated`, then 19, 22, 35, 42.

The sum for a small disk is 15 minutes: people report 15 to 18 minutes for 16 MB, and 15 for images of some
hundred megabytes. How it is shared among the phases and the seconds per GiB are ours.
"""

EXPORT_IMAGE = (
    Phase("validating", (0, 0), 60),
    Phase("updating", (21, 21), 60),
    Phase("converting", (80, 85), 380, 20),
)
"""ExportImage. Messages and percentages as public logs show them.

The sum for a disk of 20 GiB is 15 minutes, which is what somebody measured; how it is shared among the phases
is ours.
"""

EXPORT_INSTANCE = (
    Phase("validating", (0, 0), 60),
    Phase("converting", (0, 100), 440, 20),
)
"""CreateInstanceExportTask, which shows no phases and no percentage. As long as ExportImage takes: ours."""
