"""A source's URL leads to one object of S3, whoever reads it; otherwise it is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.runtime.checks.requests import ACCOUNT, BUCKET, REGION, ROLE, Document
from tests.unit.runtime.checks.requests import image as checked_image
from tests.unit.runtime.request_documents.asking import entry_of, image, rejected, snapshot
from vmie_runtime.checks import Allowed, Own, require_allowed
from vmie_runtime.errors import RequestRejected
from vmie_runtime.source_urls import SourceLocation, read_source_url, without_secrets

SIGNED = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0123"
_OWN = Own(bucket=BUCKET, region=REGION, account=ACCOUNT, role_name=ROLE)
_ALL = Allowed(**dict.fromkeys(Allowed.__dataclass_fields__, ("*",)))


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        ("s3://disks/a.vmdk", "disks", "a.vmdk"),
        ("S3://disks/a/b+c.vmdk", "disks", "a/b+c.vmdk"),
        ("s3://disks/a%20b.vmdk", "disks", "a%20b.vmdk"),
        ("s3://disks//a.vmdk", "disks", "/a.vmdk"),
        ("s3://disks/a/../b", "disks", "a/../b"),
        ("s3://disks/B\N{LATIN SMALL LETTER U WITH DIAERESIS}ro.vmdk", "disks", "Büro.vmdk"),
        ("S3://Legacy_Disks/b%20.vmdk", "Legacy_Disks", "b%20.vmdk"),
        ("s3://disks/" + "k" * 1024, "disks", "k" * 1024),
    ],
)
def test_an_s3_url_is_a_bucket_and_a_key_as_it_is(url: str, bucket: str, key: str) -> None:
    assert read_source_url(url) == SourceLocation(bucket, key, presigned=False)


@pytest.mark.parametrize(
    "key",
    [
        "a.vmdk",
        "a b.vhd",
        "50%.vhd",
        "what?.vhd",
        "#1.vhd",
        "Büro/日本.vhd",
        "/a.vhd",
        "a\\b",
        "a\nb",
        "../a",
    ],
)
@pytest.mark.parametrize("scheme", ["s3", "S3"])
def test_a_key_of_the_own_bucket_is_taken_as_it_is(scheme: str, key: str) -> None:
    assert read_source_url(f"{scheme}:///{key}") == SourceLocation(None, key, presigned=False)
    disk = {"Image": {"Format": "VHD", "ImportManifestUrl": f"{scheme}:///{key}"}}
    require_allowed(Document(operation="ImportVolume", parameters=disk), Allowed(), _OWN)


@pytest.mark.parametrize(
    ("url", "bucket", "key"),
    [
        (f"https://disks.s3.amazonaws.com/a%20b.vmdk{SIGNED}", "disks", "a b.vmdk"),
        (f"https://disks.s3.eu-west-1.amazonaws.com/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3-us-west-2.amazonaws.com/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3-external-1.amazonaws.com/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3.dualstack.eu-west-1.amazonaws.com/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3-fips.us-gov-west-1.amazonaws.com/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3-fips.dualstack.us-gov-west-1.amazonaws.com/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3-accelerate.amazonaws.com/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3.cn-north-1.amazonaws.com.cn/a{SIGNED}", "disks", "a"),
        (f"https://disks.s3.eusc-de-east-1.amazonaws.eu/a{SIGNED}", "disks", "a"),
        (f"https://my.dotted.bucket.s3.eu-west-1.amazonaws.com/a{SIGNED}", "my.dotted.bucket", "a"),
        (f"https://other.s3.disks.s3.amazonaws.com/a{SIGNED}", "other.s3.disks", "a"),
        (f"HTTPS://DISKS.S3.EU-WEST-1.AMAZONAWS.COM:443/a{SIGNED}", "disks", "a"),
        (f"https://s3.eu-west-1.amazonaws.com/disks/a/b{SIGNED}", "disks", "a/b"),
        (f"https://s3.eu-west-1.amazonaws.com/%64isks/a{SIGNED}", "disks", "a"),
        (f"https://s3.us-east-1.amazonaws.com/Legacy_Disks/a{SIGNED}", "Legacy_Disks", "a"),
        ("https://disks.s3.eu-west-1.amazonaws.com/a.vmdk?X-Amz-Signature=", "disks", "a.vmdk"),
        ("https://disks.s3.amazonaws.com/a?AWSAccessKeyId=A&Signature=b", "disks", "a"),
        ("https://disks.s3.amazonaws.com/a?x-amz-signature=1#x", "disks", "a"),
    ],
)
def test_a_presigned_url_of_s3_is_an_object_of_its_bucket(url: str, bucket: str, key: str) -> None:
    assert read_source_url(url) == SourceLocation(bucket, key, presigned=True)


_REFUSED = [
    # Of no scheme that is read.
    ("", "only s3://"),
    ("disks/web-1.vmdk", "only s3://"),
    ("file:///etc/passwd", "only s3://"),
    ("ftp://disks-of-ours/a", "only s3://"),
    (f"http://b-1.s3.amazonaws.com/a{SIGNED}", "only s3://"),
    ("http://images.example.com/a", "only s3://"),
    ("\N{LATIN SMALL LETTER LONG S}3://import-bucket/a", "only s3://"),
    # Of no object.
    ("s3:disks-of-ours/a", "bucket and a key"),
    ("s3:/import-bucket/a", "bucket and a key"),
    ("s3://disks-of-ours", "bucket and a key"),
    ("s3://disks-of-ours/", "bucket and a key"),
    ("s3:///", "bucket and a key"),
    ("s3://user@disks-of-ours/a.vmdk", "bucket and a key"),
    ("s3://import-bucket@evil/a", "bucket and a key"),
    ("s3://disks-of-ours/" + "ß" * 513, "1,024 bytes"),
    (f"https://b-1.s3.amazonaws.com/{SIGNED}", "bucket and a key"),
    (f"https://s3.eu-west-1.amazonaws.com/import-bucket{SIGNED}", "bucket and a key"),
    (f"https://s3.eu-west-1.amazonaws.com//import-bucket/a{SIGNED}", "bucket and a key"),
    (f"https://s3.eu-west-1.amazonaws.com/other%2Fimport-bucket/a{SIGNED}", "bucket and a key"),
    # Read differently by different readers.
    ("s3://disks-of-ours/a.vmdk?versionId=1", "UserBucket"),
    ("s3://disks/B\N{LATIN SMALL LETTER U WITH DIAERESIS}ro?#.vmdk", "UserBucket"),
    ("s3://disks-of-ours/a\nb", "control characters"),
    ("s3://disks-of-ours/a\N{SOFT HYPHEN}b", "control characters"),
    ("s3://import-bucket/a b", "spaces"),
    ("s3://disks/a\\b.vmdk", "backslashes"),
    ("https:\\\\b-1.s3.amazonaws.com\\a", "backslashes"),
    ("https://evil.example\\@import-bucket.s3.amazonaws.com/a", "backslashes"),
    (f"https://b-1.s3.amazonaws.com/a\\b.vmdk{SIGNED}", "backslashes"),
    ("https://import-bucket.s3.amazonaws.com/a\n.vmdk", "control characters"),
    (f"https://b-1.s3.amazonaws.com/\N{LATIN SMALL LETTER U WITH DIAERESIS}.vmdk{SIGNED}", "ASCII"),
    (f"https://\N{LATIN SMALL LETTER DOTLESS I}mages.example.com/a{SIGNED}", "ASCII"),
    (f"https://b-1.s3.amazonaws.com/a/../b{SIGNED}", "readers resolve"),
    (f"https://s3.eu-west-1.amazonaws.com/import-bucket/../other/a{SIGNED}", "readers resolve"),
    (f"https://s3.eu-west-1.amazonaws.com/import-bucket/%2e%2e/other/a{SIGNED}", "readers resolve"),
    (f"https://[::1/a{SIGNED}", "not a URL"),
    (f"https://b-1.s3.amazonaws.com:port/a{SIGNED}", "not a URL"),
    ("https://images.example.com:port/a", "not a URL"),
    # Credentials.
    (f"https://evil@b-1.s3.amazonaws.com/a{SIGNED}", "credentials"),
    (f"https://b-1.s3.amazonaws.com@evil.example/a{SIGNED}", "credentials"),
    ("https://import-bucket.s3.amazonaws.com@evil.example/a", "credentials"),
    ("https://user:word@images.example.com/a", "credentials"),
    # Other hosts.
    ("https://images.example.com/a.vmdk?token=1", "not an endpoint of S3"),
    ("https://Images.Example.com./a.vmdk", "not an endpoint of S3"),
    ("https://images.example.com:8443/a.vmdk", "not an endpoint of S3"),
    (f"https://b-1.s3.amazonaws.com.evil.example/a{SIGNED}", "not an endpoint of S3"),
    (f"https://b-1.s3.amazonaws.com:8443/a{SIGNED}", "not an endpoint of S3"),
    (f"https://x.s3-eu-west-1.amazonaws.com./a{SIGNED}", "not an endpoint of S3"),
    (f"https://evils3.amazonaws.com/import-bucket/a{SIGNED}", "not an endpoint of S3"),
    (f"https://s3.s3.amazonaws.com/import-bucket/a{SIGNED}", "not an endpoint of S3"),
    (f"https://old_name.s3.amazonaws.com/a{SIGNED}", "not an endpoint of S3"),
    (f"https://s3-1234567890.us-east-1.elb.amazonaws.com/b/a{SIGNED}", "not an endpoint of S3"),
    (f"https://s3.elb.amazonaws.com/b-1/a{SIGNED}", "not an endpoint of S3"),
    (f"https://ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com/a{SIGNED}", "not an endpoint of S3"),
    (f"https://169.254.169.254/latest/meta-data{SIGNED}", "not an endpoint of S3"),
    ("https://[::1]/a", "not an endpoint of S3"),
    ("https:///a", "not an endpoint of S3"),
    (f"https://{'a.' * 5000}s3.amazonaws.com/a{SIGNED}", "not an endpoint of S3"),
    # Not signed.
    ("https://b-1.s3.amazonaws.com/a.vmdk", "not presigned"),
    ("https://b-1.s3.amazonaws.com/a.vmdk?x=X-Amz-Signature", "not presigned"),
    (f"https://b-1.s3.amazonaws.com/a.vmdk#{SIGNED}", "not presigned"),
]


@pytest.mark.parametrize(("url", "words"), _REFUSED)
def test_what_is_no_object_of_s3_for_certain_is_refused(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^") as raised:
        read_source_url(url)
    assert words in str(raised.value)


@pytest.mark.parametrize("url", [url for url, _ in _REFUSED])
def test_a_request_with_such_a_url_is_rejected_under_its_key(url: str) -> None:
    rejection = rejected(image({"Url": url}))
    assert rejection.code == "InvalidSourceUrl"
    assert "DiskContainers[0].Url" in rejection.text
    assert "X-Amz-Signature=0123" not in str(rejection)


@pytest.mark.parametrize("url", [url for url, _ in _REFUSED])
def test_no_setting_allows_such_a_url(url: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        require_allowed(checked_image(Url=url), _ALL, _OWN)
    assert caught.value.code == "InvalidSourceUrl"
    assert caught.value.facts["path"] == "DiskContainers[0].Url"


def test_a_containers_url_names_its_bucket() -> None:
    """It has `UserBucket` for a bucket that goes without saying."""
    for document in (image({"Url": "s3:///a.vmdk"}), snapshot({"Format": "RAW", "Url": "s3:///a.vmdk"})):
        rejection = rejected(document)
        assert rejection.code == "InvalidSourceUrl"
        assert "bucket and a key" in rejection.text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://other.s3.amazonaws.com/a.vmdk?X-Amz-Signature=SECRET",
            "https://other.s3.amazonaws.com/a.vmdk",
        ),
        (
            "https://other.s3.amazonaws.com/a.vmdk&X-Amz-Signature=SECRET",
            "https://other.s3.amazonaws.com/a.vmdk&",
        ),
        ("https://other.s3.amazonaws.com/a.vmdk&Signature=SECRET", "https://other.s3.amazonaws.com/a.vmdk&"),
        ("https://other.s3.amazonaws.com/a.vmdk#SECRET", "https://other.s3.amazonaws.com/a.vmdk"),
        ("https://SECRET@other.example/a.vmdk", "https://…/a.vmdk"),
        ("https://me:SECRET@other.example/a.vmdk#SECRET", "https://…/a.vmdk"),
        ("https://me:SEC?SECRET@other.example/a.vmdk", "https://…/a.vmdk"),
        ("https://other.example?me@SECRET/a.vmdk", "https://…/a.vmdk"),
        ("https:\\\\me:SECRET@other.example\\a.vmdk", "https:\\\\…\\a.vmdk"),
        ("https:/me:SECRET@other.example/a.vmdk", "https:/…/a.vmdk"),
        ("me:SECRET@other.example/a.vmdk", "me:…/a.vmdk"),
        ("ftp://host/a?SECRET", "ftp://host/a"),
        ("https://other.example/a b?SECRET", "https://other.example/a b"),
        (
            "https://other.s3.amazonaws.com/who@where.vmdk?SECRET",
            "https://other.s3.amazonaws.com/who@where.vmdk",
        ),
        ("s3://disks/a\nb", "s3://disks/a?b"),
        ("s3://disks/" + "k" * 1000, "s3://disks/" + "k" * 289),
    ],
)
def test_no_credential_of_a_url_is_repeated(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert "SECRET" not in str(entry_of(image({"Url": url})).rejection)
    with pytest.raises(RequestRejected) as caught:
        require_allowed(checked_image(Url=url), Allowed(), _OWN)
    assert "SECRET" not in str(caught.value)
    assert repr(shown) in caught.value.text


def test_reading_a_url_loads_no_shapes() -> None:
    """Every function checks what is allowed; only some read requests."""
    code = (
        "import sys, vmie_runtime.source_urls; "
        "print(sorted(m for m in sys.modules if m.startswith('vmie_runtime.')))"
    )
    runtime = Path(__file__).resolve().parents[3] / "lambda"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=runtime, capture_output=True, text=True, check=True
    ).stdout
    assert loaded.strip() == "['vmie_runtime.source_urls']"


_SEGMENTS = st.lists(
    st.sampled_from(
        [
            "import-bucket",
            "other",
            "a.vmdk",
            "",
            ".",
            "..",
            "%2F",
            "%2e%2e",
            "%61",
            "%00",
            "@",
            "a:b",
            "#",
            "é",
        ]
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
        "b-1.s3.dualstack.us-east-1.amazonaws.com",
        "x.s3-eu-west-1.amazonaws.com.",
        "s3.s3.amazonaws.com",
        "import-bucket.s3.amazonaws.com@evil.example",
        "import-bucket",
        "evil.example",
        "",
    ]
)
_URLS = st.builds(
    "{}://{}/{}{}".format,
    st.sampled_from(["s3", "S3", "https", "HTTPS", "http"]),
    _HOSTS,
    _SEGMENTS,
    st.sampled_from(["", "?X-Amz-Signature=1", "?x-amz-signature=1&versionId=2#x"]),
)


@settings(max_examples=500)
@given(
    _URLS
    | st.text()
    | st.text(st.characters(codec=None))
    | st.from_regex(r"(s3|https)://[a-z.@:/%?#\\]{0,30}", fullmatch=True)
)
def test_any_url_is_read_or_refused(url: str) -> None:
    try:
        location = read_source_url(url)
    except ValueError as why:
        event("refused")
        assert str(why).startswith(("it ", "its ", "only "))
        with pytest.raises(RequestRejected, match="InvalidSourceUrl"):
            require_allowed(checked_image(Url=url), _ALL, _OWN)
    else:
        event("presigned" if location.presigned else "read")
        assert location.key and 1 <= len(location.key.encode("utf-8", "replace")) <= 1024
        assert location.bucket != ""
        assert (location.bucket is None) == (url[:6].lower() == "s3:///")


@given(_HOSTS, _SEGMENTS)
def test_an_object_is_of_the_bucket_that_its_url_begins_with(host: str, path: str) -> None:
    """No encoding, dot segment or credential lets an object of another bucket pass for one of ours."""
    try:
        location = read_source_url(f"https://{host}/{path}{SIGNED}")
    except ValueError:
        return
    if host.lower().startswith("s3."):
        assert location.bucket == path.partition("/")[0].replace("%61", "a")
    else:
        assert location.bucket == host.rpartition(".s3")[0]


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_shown_is_short_and_printable_and_has_no_query(before: str, after: str) -> None:
    shown = without_secrets(f"https://h/{before}?X-Amz-Signature=SECRET{after}")
    assert shown.isprintable()
    assert "SECRET" not in shown
    assert len(shown) <= 300
