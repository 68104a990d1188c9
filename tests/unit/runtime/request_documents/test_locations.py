"""Where a URL says that a disk image lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runtime.request_documents.asking import image, rejected
from vmie_runtime.checks.source_urls import read_source_url
from vmie_runtime.request_documents import S3Location, duration_seconds, s3_location

SIGNED = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0123"


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("s3://disks-of-ours/a.vmdk", S3Location("disks-of-ours", "a.vmdk", presigned=False)),
        ("S3://disks-of-ours/a/b c.vmdk".replace(" ", "+"), S3Location("disks-of-ours", "a/b+c.vmdk", False)),
        ("s3://disks-of-ours/a%20b.vmdk", S3Location("disks-of-ours", "a%20b.vmdk", presigned=False)),
        ("s3://disks-of-ours//a.vmdk", S3Location("disks-of-ours", "/a.vmdk", presigned=False)),
        (
            f"https://disks-of-ours.s3.amazonaws.com/a%20b.vmdk{SIGNED}",
            S3Location("disks-of-ours", "a b.vmdk", True),
        ),
        (
            f"https://disks-of-ours.s3.eu-west-1.amazonaws.com/a{SIGNED}",
            S3Location("disks-of-ours", "a", True),
        ),
        (
            f"https://disks-of-ours.s3-us-west-2.amazonaws.com/a{SIGNED}",
            S3Location("disks-of-ours", "a", True),
        ),
        (
            f"https://s3.eu-west-1.amazonaws.com/disks-of-ours/a/b{SIGNED}",
            S3Location("disks-of-ours", "a/b", True),
        ),
        (f"https://b-1.s3.cn-north-1.amazonaws.com.cn/a{SIGNED}", S3Location("b-1", "a", True)),
        (f"https://b-1.s3-fips.us-gov-west-1.amazonaws.com/a{SIGNED}", S3Location("b-1", "a", True)),
        (f"https://b-1.s3.dualstack.us-east-1.amazonaws.com/a{SIGNED}", S3Location("b-1", "a", True)),
        (f"https://b-1.s3-accelerate.amazonaws.com/a{SIGNED}", S3Location("b-1", "a", True)),
        ("HTTPS://b-1.s3.amazonaws.com:443/a?AWSAccessKeyId=A&Signature=b", S3Location("b-1", "a", True)),
    ],
)
def test_the_object_of_a_url_is_read(url, location):
    assert s3_location(url) == location


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "only s3://"),
        ("disks/web-1.vmdk", "only s3://"),
        ("file:///etc/passwd", "only s3://"),
        ("ftp://disks-of-ours/a", "only s3://"),
        (f"http://b-1.s3.amazonaws.com/a{SIGNED}", "only s3://"),
        ("s3:disks-of-ours/a", "bucket and a key"),
        ("s3://disks-of-ours", "bucket and a key"),
        ("s3://disks-of-ours/", "bucket and a key"),
        ("s3:///a.vmdk", "bucket and a key"),
        ("s3://user@disks-of-ours/a.vmdk", "bucket and a key"),
        ("s3://disks-of-ours/a.vmdk?versionId=1", "UserBucket"),
        ("s3://disks-of-ours/" + "ß" * 513, "1,024 bytes"),
        ("s3://disks-of-ours/a\nb", "control characters"),
        ("https:\\\\b-1.s3.amazonaws.com\\a", "backslashes"),
        ("https://b-1.s3.amazonaws.com/a.vmdk", "not presigned"),
        ("https://b-1.s3.amazonaws.com/a.vmdk?x=X-Amz-Signature", "not presigned"),
        (f"https://b-1.s3.amazonaws.com/{SIGNED}", "bucket and a key"),
        (f"https://b-1.s3.amazonaws.com/a/../b{SIGNED}", "readers resolve"),
        (f"https://b-1.s3.amazonaws.com:8443/a{SIGNED}", "not an endpoint of S3"),
        (f"https://b-1.s3.amazonaws.com@evil.example/a{SIGNED}", "not an endpoint of S3"),
        (f"https://evil@b-1.s3.amazonaws.com/a{SIGNED}", "not an endpoint of S3"),
        (f"https://b-1.s3.amazonaws.com.evil.example/a{SIGNED}", "not an endpoint of S3"),
        (f"https://s3-1234567890.us-east-1.elb.amazonaws.com/b/a{SIGNED}", "not an endpoint of S3"),
        (f"https://s3.elb.amazonaws.com/b-1/a{SIGNED}", "not an endpoint of S3"),
        (f"https://169.254.169.254/latest/meta-data{SIGNED}", "not an endpoint of S3"),
        (f"https://[::1/a{SIGNED}", "not a URL"),
        (f"https://b-1.s3.amazonaws.com:port/a{SIGNED}", "not a URL"),
        (f"https://{'a.' * 5000}s3.amazonaws.com/a{SIGNED}", "not an endpoint of S3"),
    ],
)
def test_what_is_no_object_of_s3_is_refused(url, words):
    with pytest.raises(ValueError, match=r"^") as raised:
        s3_location(url)
    assert words in str(raised.value)
    rejection = rejected(image({"Url": url}))
    assert rejection.code == "InvalidSourceUrl"
    assert "DiskContainers[0].Url" in rejection.text
    assert "0123" not in rejection.text.partition(".elb.")[2]


hosts = st.sampled_from(
    [
        "b-1.s3.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "b-1.s3.dualstack.us-east-1.amazonaws.com",
        "evil.example",
    ]
)
paths = st.lists(
    st.sampled_from(["/", "a", "b-1", "%2F", "%2e", "..", "?", "#", "@", "é", ":", "%00"]), max_size=8
)


@given(scheme=st.sampled_from(["s3", "S3", "https"]), host=hosts | st.just("b-1"), path=paths)
def test_the_checks_of_what_is_allowed_read_the_same_object(scheme, host, path):
    url = f"{scheme}://{host}{''.join(path)}{SIGNED if scheme == 'https' else ''}"
    try:
        location = s3_location(url)
    except ValueError:
        return
    if not url.isascii():
        return  # The checks refuse those.
    checked = read_source_url(url)
    assert (checked.bucket, checked.key) == (location.bucket, location.key)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT12H", 43200),
        ("PT90M", 5400),
        ("P1DT6H", 108000),
        ("P1D", 86400),
        ("PT1H30M15S", 5415),
        ("P", None),
        ("PT", None),
        ("P1DT", None),
        ("12H", None),
        ("PT-1H", None),
        ("P1W", None),
        ("P1M", None),
        ("PT1.5H", None),
        ("pt12h", None),
        ("PT\u0661\u0662H", None),
        ("PT12H ", None),
    ],
)
def test_a_duration_is_read_in_seconds(text, seconds):
    assert duration_seconds(text) == seconds
