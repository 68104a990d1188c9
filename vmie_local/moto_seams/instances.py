"""moto keeps a list of every object that it ever made, for its dashboard; nothing is ever freed."""

from __future__ import annotations

from typing import Any

from vmie_local.moto_seams.seam import Seam, replace

NEW = Seam(
    "moto.core.common_models:BaseModel.__new__",
    "remembers every instance for ever",
    ("cls", "args", "kwargs"),
)

SEAMS = (NEW,)


def install() -> None:
    """Let what is deleted be freed: messages, records of executions, the bodies of objects."""

    def new(cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG001 - moto's signature
        return object.__new__(cls)

    replace(NEW, lambda _: staticmethod(new))
