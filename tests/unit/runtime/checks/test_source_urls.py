"""A source's URL leads to one place, whoever reads it; otherwise it is refused."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.runtime.checks.requests import ACCOUNT, BUCKET, REGION, ROLE, image
from vmie_runtime.checks import Allowed, Own, require_allowed
from vmie_runtime.checks.source_urls import read_source_url
from vmie_runtime.errors import RequestRejected
from vmie_runtime.request_documents.locations import s3_location

_OWN = Own(bucket=BUCKET, region=REGION, account=ACCOUNT, role_name=ROLE)


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("s3://disks/a/b.vmdk", "disks", "a/b.vmdk"),
        ("S3://Legacy_Disks/b%20.vmdk", "Legacy_Disks", "b%20.vmdk"),
        ("s3://disks/B\N{LATIN SMALL LETTER U WITH DIAERESIS}ro?#\\.vmdk", "disks", "Büro?#\\.vmdk"),
        ("https://disks.s3.eu-west-1.amazonaws.com/a%20b.vmdk?X-Amz-Signature=1", "disks", "a b.vmdk"),
        ("https://disks.s3.amazonaws.com/a", "disks", "a"),
        ("https://disks.s3-us-west-2.amazonaws.com/a", "disks", "a"),
        ("https://disks.s3.dualstack.eu-west-1.amazonaws.com/a", "disks", "a"),
        ("https://disks.s3-fips.us-gov-west-1.amazonaws.com/a", "disks", "a"),
        ("https://disks.s3-fips.dualstack.us-gov-west-1.amazonaws.com/a", "disks", "a"),
        ("https://disks.s3-accelerate.amazonaws.com/a", "disks", "a"),
        ("https://disks.s3.cn-north-1.amazonaws.com.cn/a", "disks", "a"),
        ("https://disks.s3.eusc-de-east-1.amazonaws.eu/a", "disks", "a"),
        ("https://my.dotted.bucket.s3.eu-west-1.amazonaws.com/a", "my.dotted.bucket", "a"),
        ("HTTPS://DISKS.S3.EU-WEST-1.AMAZONAWS.COM:443/a", "disks", "a"),
        ("https://s3.eu-west-1.amazonaws.com/disks/a/b", "disks", "a/b"),
        ("https://s3.eu-west-1.amazonaws.com/%64isks/a", "disks", "a"),
        ("https://other.s3.disks.s3.amazonaws.com/a", "other.s3.disks", "a"),
    ],
)
def test_an_object_of_s3_counts_by_its_bucket(url: str, bucket: str, key: str) -> None:
    location = read_source_url(url)
    assert (location.bucket, location.key, location.host) == (bucket, key, None)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://images.example.com/a.vmdk?token=1", "images.example.com"),
        ("https://Images.Example.com./a.vmdk", "images.example.com"),
        ("https://images.example.com:8443/a.vmdk", "images.example.com:8443"),
        ("https://disks.s3.amazonaws.com.example.com/a", "disks.s3.amazonaws.com.example.com"),
        ("https://disks.s3.eu-west-1.amazonaws.com:8443/a", "disks.s3.eu-west-1.amazonaws.com:8443"),
        ("https://evils3.amazonaws.com/import-bucket/a", "evils3.amazonaws.com"),
        (
            "https://ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com/a",
            "ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_any_other_host_counts_by_its_name(url: str, host: str) -> None:
    location = read_source_url(url)
    assert (location.bucket, location.host) == (None, host)
    with pytest.raises(RequestRejected, match="SourceNotAllowed"):
        require_allowed(image(Url=url), Allowed(source_buckets=("*",)), _OWN)
    for entry in (host, host.upper(), "*"):
        require_allowed(image(Url=url), Allowed(source_hosts=(entry,)), _OWN)


def test_a_star_in_a_host_allows_no_other_host() -> None:
    with pytest.raises(RequestRejected):
        require_allowed(image(Url="https://images.evil.example/a"), Allowed(source_hosts=("images.*",)), _OWN)


@pytest.mark.parametrize(
    "url",
    [
        "http://images.example.com/a",
        "file:///etc/passwd",
        "images/a.vmdk",
        "https://import-bucket.s3.amazonaws.com@evil.example/a",
        "https://user:word@images.example.com/a",
        "https://evil.example\\@import-bucket.s3.amazonaws.com/a",
        "https://import-bucket.s3.amazonaws.com/a\n.vmdk",
        "https://s3.eu-west-1.amazonaws.com//import-bucket/a",
        "https://s3.eu-west-1.amazonaws.com/import-bucket/../other/a",
        "https://s3.eu-west-1.amazonaws.com/import-bucket/%2e%2e/other/a",
        "https://s3.eu-west-1.amazonaws.com/other%2Fimport-bucket/a",
        "https://s3.eu-west-1.amazonaws.com/import-bucket",
        "https://[::1]/a",
        "https://images.example.com:port/a",
        "https:///a",
        "https://\N{LATIN SMALL LETTER DOTLESS I}mages.example.com/a",
        "https://images.example.com/\N{LATIN SMALL LETTER U WITH DIAERESIS}.vmdk",
        "https://images.example.com/a\\b.vmdk",
        "s3://import-bucket",
        "s3://import-bucket/",
        "s3:///",
        "s3://import-bucket@evil/a",
        "s3:/import-bucket/a",
        "s3://import-bucket/a b",
        "",
    ],
)
def test_a_url_that_readers_may_differ_on_is_refused(url: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        require_allowed(image(Url=url), Allowed(source_buckets=("*",), source_hosts=("*",)), _OWN)
    assert caught.value.code == "InvalidSourceUrl"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.s3.amazonaws.com/a.vmdk?X-Amz-Signature=SECRET",
        "https://SECRET@other.example/a.vmdk",
        "https://me:SECRET@other.example/a.vmdk#SECRET",
        "ftp://host/a?SECRET",
        "https://other.example/a b?SECRET",
    ],
)
def test_no_credential_of_a_url_is_repeated(url: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        require_allowed(image(Url=url), Allowed(), _OWN)
    assert "SECRET" not in str(caught.value)
    assert "a" in caught.value.text


_SEGMENTS = st.lists(
    st.sampled_from(
        ["import-bucket", "other", "a.vmdk", "", ".", "..", "%2F", "%2e%2e", "%61", "@", "a:b", "#", "é"]
    ),
    min_size=1,
    max_size=4,
).map("/".join)
_HOSTS = st.sampled_from(
    [
        "s3.eu-west-1.amazonaws.com",
        "S3.amazonaws.com:443",
        "import-bucket.s3.amazonaws.com",
        "other.s3.import-bucket.s3-fips.us-east-1.amazonaws.com",
        "x.s3-eu-west-1.amazonaws.com.",
        "s3.s3.amazonaws.com",
        "import-bucket.s3.amazonaws.com@evil.example",
        "import-bucket",
    ]
)
_URLS = st.builds(
    "{}://{}/{}{}".format,
    st.sampled_from(["s3", "S3", "https", "HTTPS"]),
    _HOSTS,
    _SEGMENTS,
    st.sampled_from(["", "?X-Amz-Signature=1", "?x-amz-signature=1&versionId=2#x"]),
)


@settings(max_examples=500)
@given(_URLS)
def test_what_is_checked_is_what_is_read(url: str) -> None:
    """The reader of requests finds the object that was checked; two readings would be a way around."""
    try:
        checked = read_source_url(url)
    except RequestRejected:
        return
    try:
        read = s3_location(url)
    except ValueError:
        return
    event("read by both")
    assert (checked.bucket, checked.key) == (read.bucket, read.key)


@given(st.text() | st.from_regex(r"(s3|https)://[a-z.@:/%?#]{0,30}", fullmatch=True))
def test_any_url_is_read_or_refused(url: str) -> None:
    try:
        location = read_source_url(url)
    except RequestRejected as rejection:
        assert rejection.code == "InvalidSourceUrl"
    else:
        assert (location.bucket is None) != (location.host is None)
