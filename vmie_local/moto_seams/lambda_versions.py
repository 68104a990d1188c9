"""Lambda: the number of a version is never given twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_local.moto_seams.seam import Seam, replace

PUBLISH_VERSION = Seam(
    "moto.awslambda.models:LambdaStorage.publish_version",
    "numbers a version by how many there are, so that it takes a live one's number once another is deleted",
    ("self", "name_or_arn", "description"),
)
SET_VERSION = Seam(
    "moto.awslambda.models:LambdaFunction.set_version",
    "gives a published copy of a function its number",
    ("self", "version"),
)

SEAMS = (PUBLISH_VERSION, SET_VERSION)


def install() -> None:
    """Count versions up for as long as a function lives."""
    replace(PUBLISH_VERSION, _counting)


def _counting(original: Callable[..., Any]) -> Callable[..., Any]:
    def publish_version(self: Any, name_or_arn: str, description: str = "") -> Any:
        function = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        before = list(self._functions[function.function_name]["versions"])
        published = original(self, name_or_arn, description)
        if published is None or any(published is one for one in before):
            return published
        number = max(getattr(function, "vmie_last_version", 0) + 1, published.version)
        function.vmie_last_version = number
        if number != published.version:
            _renumber(self, published, number, before)
        return published

    return publish_version


def _renumber(storage: Any, published: Any, number: int, before: list[Any]) -> None:
    wrong = published.function_arn
    storage._arns.pop(wrong, None)
    for other in before:
        if other.function_arn == wrong:
            storage._arns[wrong] = other
    published.set_version(number)
    storage._arns[published.function_arn] = published
