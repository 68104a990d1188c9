"""What an inspection of a real disk costs: disks of 10 to 20 GiB out of the corpus."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.images.skeletons import skeletons
from vmie_images import inspect_containers
from vmie_images.ranges import RangeSource

MOST_GETS, MOST_BYTES = 30, 2 << 20


class Counted:
    """A source that keeps the length of every read."""

    def __init__(self, source: RangeSource) -> None:
        self._source = source
        self.size = source.size
        self.reads: list[int] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append(length)
        return self._source.read(offset, length)


@pytest.mark.parametrize("name", skeletons())
def test_an_inspection_stays_within_thirty_requests_and_two_mebibytes_of_each_file(name) -> None:
    skeleton = skeletons()[name]

    sources = [Counted(file.source) for file in skeleton.files]
    inspect_containers(
        [replace(file, source=source) for file, source in zip(skeleton.files, sources, strict=True)]
    )

    for source in sources:
        assert 0 < len(source.reads) <= MOST_GETS
        assert sum(source.reads) <= MOST_BYTES


@pytest.mark.parametrize("name", skeletons())
def test_so_few_requests_tell_all_that_the_whole_disk_tells(name) -> None:
    skeleton = skeletons()[name]

    document = inspect_containers(skeleton.files).to_document()

    assert document["Guest"] == skeleton.guest
    assert sorted(finding["Code"] for finding in document["Findings"]) == skeleton.findings
