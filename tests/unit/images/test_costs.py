"""What an inspection of a real disk costs: disks of 10 to 20 GiB out of the corpus."""

from __future__ import annotations

import pytest

from tests.unit.images.skeletons import skeletons
from vmie_images import inspect_containers

MOST_GETS, MOST_BYTES = 30, 2 << 20


@pytest.mark.parametrize("name", skeletons())
def test_an_inspection_stays_within_thirty_requests_and_two_mebibytes(name) -> None:
    skeleton = skeletons()[name]

    cost = inspect_containers(skeleton.files).cost

    assert cost.gets <= MOST_GETS * len(skeleton.files)
    assert cost.bytes <= MOST_BYTES * len(skeleton.files)


@pytest.mark.parametrize("name", skeletons())
def test_so_few_requests_tell_all_that_the_whole_disk_tells(name) -> None:
    skeleton = skeletons()[name]

    document = inspect_containers(skeleton.files).to_document()

    assert document["Guest"] == skeleton.guest
    assert sorted(finding["Code"] for finding in document["Findings"]) == skeleton.findings
