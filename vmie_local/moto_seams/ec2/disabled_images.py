"""Disabled AMIs: who does not ask for them does not see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_local.moto_seams.seam import Seam, replace

_DESCRIBE = Seam(
    "moto.ec2.responses.amis:AmisResponse.describe_images",
    "shows disabled AMIs to who did not ask for them, and knows no IncludeDisabled",
    ("self",),
)
SEAMS = (_DESCRIBE,)


def hide() -> None:
    """Leave disabled AMIs out of DescribeImages, unless `IncludeDisabled` is true.

    Source: EC2 API reference, DisableImage. Named by its id such an AMI is left out, too; nobody has
    published whether EC2 calls that an error.
    """

    def make(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def describe_images(self: Any) -> Any:
            answer = original(self)
            if not self._get_param("IncludeDisabled"):
                answer.result["Images"] = [
                    each for each in answer.result["Images"] if each.state != "disabled"
                ]
            return answer

        return describe_images

    replace(_DESCRIBE, make)
