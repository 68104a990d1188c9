"""What else than events of S3 comes through the intake's queue."""

from __future__ import annotations

ADMISSION_WANTED = "Admission Wanted"
"""The `detail-type` of the message that a request sends which somebody started directly."""
