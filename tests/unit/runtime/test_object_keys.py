import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime.errors import RequestRejected
from vmie_runtime.object_keys import IMAGE_FORMATS, image_format, is_folder_marker


@pytest.mark.parametrize(("suffix", "format_"), IMAGE_FORMATS.items())
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_a_suffix_in_any_case_names_the_format(suffix, format_, case):
    assert image_format(f"images/Web Server+1 ü{case(suffix)}") == format_


@pytest.mark.parametrize(
    ("key", "code", "named"),
    [
        ("images/notes.txt", "UnsupportedSuffix", "'.txt'"),
        ("images/disk", "UnsupportedSuffix", "no suffix"),
        ("images/disk.qcow2", "UnsupportedSuffix", "'.qcow2'"),
        ("images/.vmdk", "UnsupportedSuffix", "no suffix"),
        ("snapshots/disk.vmdk", "SnapshotImportUnavailable", "AMIs only"),
        ("requests/one.json", "RequestFilesUnavailable", "image files only"),
    ],
)
def test_another_key_is_rejected_by_what_was_found(key, code, named):
    with pytest.raises(RequestRejected) as rejected:
        image_format(key)
    assert rejected.value.code == code
    assert named in rejected.value.text


@given(st.text())
def test_any_key_is_either_an_image_or_rejected(key):
    try:
        assert image_format(key) in IMAGE_FORMATS.values()
    except RequestRejected as rejected:
        assert rejected.status == "Rejected"


def test_only_a_trailing_slash_makes_a_folder_marker():
    assert is_folder_marker("images/")
    assert not is_folder_marker("images/a/b.vmdk")
