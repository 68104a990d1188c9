"""What of an inspection travels through states, table and results."""

import json

import pytest
from botocore.exceptions import IncompleteReadError

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import World
from vmie_runtime.errors import RequestFailure, TransientServiceError
from vmie_runtime.image_source import S3ImageSource
from vmie_runtime.steps.inspect_image import bounded

# What the requests table's items hold besides is small; an item holds 400 KB, a state 256 KiB.
MOST_BYTES = 200_000


def document(*, disks: int, partitions: int, volumes: int, label: str = "root") -> dict:
    """An inspection of an image with so many parts."""
    partition = {"Number": 1, "Type": "Linux", "Start": 1, "Size": 2, "Filesystem": "ext4", "Label": label}
    return {
        "Disks": [
            {
                "Name": f"disk-{number}",
                "Partitions": [partition] * partitions,
                "LogicalVolumes": [{"Name": label, "Size": 1, "Label": label}] * volumes,
            }
            for number in range(disks)
        ],
        "Guest": {"Family": "Linux"},
        "Findings": [
            *[{"Code": "X", "Severity": "warning", "Found": label}] * (disks * 4),
            {"Code": "Y", "Severity": "error", "Found": label},
        ],
        "Verdicts": {"image": "accepted"},
    }


def test_an_ordinary_inspection_is_left_as_it_is():
    ordinary = document(disks=3, partitions=8, volumes=4)

    assert bounded(ordinary) == ordinary


@pytest.mark.parametrize("label", ["root", "x" * 512, "日" * 512])
def test_an_inspection_of_any_image_fits_states_and_table(label: str):
    short = bounded(document(disks=25, partitions=128, volumes=500, label=label))

    assert len(json.dumps(short)) < MOST_BYTES
    assert short["LeftOut"] > 0
    assert short["Verdicts"] == {"image": "accepted"}
    assert short["Findings"][0]["Severity"] == "error"


def test_what_rejects_a_method_is_never_left_out():
    short = bounded(
        {
            **document(disks=25, partitions=128, volumes=500, label="日" * 512),
            "Findings": [
                *[{"Code": "Same", "Severity": "error", "Found": "日" * 512, "Rejects": ["image"]}] * 200,
                *[{"Code": "Doubt", "Severity": "warning", "Found": "日" * 512, "Rejects": []}] * 200,
                {"Code": "NotOneDisk", "Severity": "info", "Found": "two", "Rejects": ["snapshot"]},
            ],
        }
    )

    assert {finding["Code"] for finding in short["Findings"]} == {"Same", "NotOneDisk"}
    assert {method for finding in short["Findings"] for method in finding["Rejects"]} == {"image", "snapshot"}
    assert len(json.dumps(short)) < MOST_BYTES


def test_the_checksum_that_s3_keeps_is_recorded(world: World):
    kept = source(world)
    world.aws.s3.heads["images/web.vmdk"]["ChecksumCRC64NVME"] = "AAAAAAAAAAA="

    assert kept.checksum() == "CRC64NVME:AAAAAAAAAAA="


def test_an_image_without_a_checksum_is_inspected_all_the_same(world: World):
    kept = source(world)

    assert kept.checksum() is None
    del world.aws.s3.heads["images/web.vmdk"]
    assert kept.checksum() is None


def source(world: World) -> S3ImageSource:
    world.aws.s3.add("images/web.vmdk", body=b"0123456789")
    return S3ImageSource(world.aws.client("s3"), bucket="uploads", key="images/web.vmdk", etag="e1", size=10)


def test_ranges_end_where_the_object_ends(world: World):
    image = source(world)

    assert (image.read(2, 3), image.read(8, 100), image.read(10, 1)) == (b"234", b"89", b"")


@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException"])
def test_an_image_that_may_not_be_read_is_rejected_by_name(world: World, code: str):
    """S3 shows an object's head also to those who may not use its KMS key."""
    image = source(world)
    world.aws.s3.refusals.add("GetObject", refusal(code, "GetObject", message="No.", status=403))

    with pytest.raises(RequestFailure) as error:
        image.read(0, 1)

    raised = json.loads(str(error.value))
    assert (raised["Code"], raised["Status"]) == ("SourceUnreadable", "Rejected")
    assert code in raised["Message"]


@pytest.mark.parametrize(
    "error", [throttled("GetObject"), IncompleteReadError(actual_bytes=1, expected_bytes=2)]
)
def test_a_read_that_failed_by_chance_may_be_repeated(world: World, error):
    image = source(world)
    world.aws.s3.refusals.add("GetObject", error)

    with pytest.raises(TransientServiceError):
        image.read(0, 1)
