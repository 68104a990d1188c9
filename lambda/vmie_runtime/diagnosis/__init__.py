"""What every error that can reach a person means, and what to do about it.

The catalogue is data (``catalogue/``); ``docs/errors.md`` is generated from it.
"""

from __future__ import annotations

from vmie_runtime.diagnosis.matching import diagnose_call, diagnose_task, own_failure
from vmie_runtime.diagnosis.model import Category, Diagnosis

__all__ = ["Category", "Diagnosis", "diagnose_call", "diagnose_task", "own_failure"]
