"""A seam: one named place in moto's internals."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class SeamError(RuntimeError):
    """moto no longer looks as a seam expects."""


@dataclass(frozen=True)
class Seam:
    """One attribute of moto that is touched.

    Attributes:
        target: `package.module:Class.attribute`, as `moto.events.models:Rule.send_to_targets`.
        why: What moto lacks or does differently there.
        parameters: The parameter names expected, or None where the attribute is no function.
    """

    target: str
    why: str
    parameters: tuple[str, ...] | None = None


def resolve(seam: Seam) -> Any:
    """The attribute that a seam names.

    Raises:
        SeamError: If the module, the attribute or the parameters are not as expected.
    """
    owner, name = _owner(seam)
    found = inspect.getattr_static(owner, name)
    if isinstance(found, classmethod | staticmethod):
        found = found.__func__
    if seam.parameters is not None:
        actual = tuple(inspect.signature(found).parameters)
        if actual != seam.parameters:
            raise SeamError(f"{seam.target} takes {actual}, expected {seam.parameters}: {seam.why}")
    return found


def replace(seam: Seam, make: Callable[[Any], Any]) -> None:
    """Put `make(original)` in the place of the attribute.

    Raises:
        SeamError: If moto is not as the seam expects.
    """
    original = resolve(seam)
    owner, name = _owner(seam)
    setattr(owner, name, make(original))


def _owner(seam: Seam) -> tuple[Any, str]:
    module_name, _, path = seam.target.partition(":")
    try:
        owner: Any = importlib.import_module(module_name)
        *parents, name = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        inspect.getattr_static(owner, name)
    except (ImportError, AttributeError) as error:
        raise SeamError(f"moto has no {seam.target} any more ({error}): {seam.why}") from error
    return owner, name
