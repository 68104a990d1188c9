from __future__ import annotations

import pytest

from vmie_local.moto_seams import Seam, ec2, resolve


@pytest.mark.parametrize("seam", dict.fromkeys(ec2.SEAMS), ids=lambda seam: seam.target)
def test_moto_still_looks_as_the_seam_expects(seam: Seam) -> None:
    resolve(seam)
