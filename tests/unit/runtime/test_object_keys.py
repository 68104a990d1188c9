import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime.errors import RequestRejected
from vmie_runtime.object_keys import IMAGE_FORMATS, dropped_image, is_folder_marker, is_request_file


@pytest.mark.parametrize(("suffix", "format_"), IMAGE_FORMATS.items())
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_a_suffix_in_any_case_names_the_format_of_an_image(suffix, format_, case):
    key = f"images/Web Server+1 ü{case(suffix)}"

    operation, method, parameters = dropped_image(key, "uploads")

    assert (operation, method) == ("ImportImage", "image")
    assert parameters == {
        "DiskContainers": [
            {"Format": format_.lower(), "UserBucket": {"S3Bucket": "uploads", "S3Key": key}},
        ]
    }


@pytest.mark.parametrize("suffix", [each for each in IMAGE_FORMATS if each != ".ova"])
def test_a_disk_below_snapshots_asks_for_a_snapshot(suffix):
    key = f"snapshots/data{suffix}"

    operation, method, parameters = dropped_image(key, "uploads")

    assert (operation, method) == ("ImportSnapshot", "snapshot")
    assert parameters == {
        "DiskContainer": {
            "Format": IMAGE_FORMATS[suffix].lower(),
            "UserBucket": {"S3Bucket": "uploads", "S3Key": key},
        }
    }


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("images/notes.txt", "'.txt'"),
        ("images/disk", "no suffix"),
        ("images/disk.qcow2", "'.qcow2'"),
        ("images/.vmdk", "no suffix"),
        ("snapshots/notes.txt", "'.txt'"),
        ("snapshots/machine.ova", "disk image that becomes a snapshot"),
    ],
)
def test_another_key_is_rejected_by_what_was_found(key, named):
    with pytest.raises(RequestRejected) as rejected:
        dropped_image(key, "uploads")

    assert rejected.value.code == "UnsupportedSuffix"
    assert named in rejected.value.text


@given(st.text())
def test_any_key_is_either_an_image_or_rejected(key):
    try:
        _, _, parameters = dropped_image(f"images/{key}", "uploads")
    except RequestRejected as rejected:
        assert rejected.status == "Rejected"
    else:
        assert parameters["DiskContainers"][0]["UserBucket"]["S3Key"] == f"images/{key}"


def test_only_a_trailing_slash_makes_a_folder_marker():
    assert is_folder_marker("images/")
    assert not is_folder_marker("images/a/b.vmdk")


def test_only_what_lies_below_requests_is_a_request_file():
    assert is_request_file("requests/web.json")
    assert not is_request_file("images/requests/web.vmdk")
