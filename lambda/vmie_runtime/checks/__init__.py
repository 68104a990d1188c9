"""What is looked at before anything is started: what the owner allowed, and what the account is like.

A check raises `RequestRejected` for what is known to fail or is not allowed, and gives `Advice` for what
cannot be proven or is left to people. Each check of the account says in its docstring which IAM actions it
needs; `actions.REQUIRED_ACTIONS` collects them. `examination` makes them all; it is not imported here,
because every function reads `Allowed` with its settings, and only two examine.
"""

from __future__ import annotations

from vmie_runtime.checks.actions import REQUIRED_ACTIONS
from vmie_runtime.checks.advice import Advice
from vmie_runtime.checks.allowed import Allowed
from vmie_runtime.checks.narrowing import Own, require_allowed

__all__ = [
    "REQUIRED_ACTIONS",
    "Advice",
    "Allowed",
    "Own",
    "require_allowed",
]
