"""Which URLs a conversion task asks for: no socket is needed to refuse one."""

from __future__ import annotations

import pytest

from vmie_local.vm_import.conversion.adapters import EndpointUrls
from vmie_local.vm_import.conversion.ports import ForeignUrlError

URLS = EndpointUrls(5055)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5055/bucket/key?X-Amz-Signature=0", "http://localhost:5055/bucket/a%20b"]
)
def test_urls_of_the_endpoint_lead_here(url: str) -> None:
    assert URLS.leads_here(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5056/bucket/key",
        "http://127.0.0.1/bucket/key",
        "https://127.0.0.1:5055/bucket/key",
        "http://127.0.0.1:5055@example.com/bucket/key",
        "http://example.com#@127.0.0.1:5055/",
        "http://127.0.0.1.example.com:5055/bucket/key",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:port/",
        "http://[::1",
        "file:///etc/passwd",
        "//127.0.0.1:5055/bucket/key",
        "",
    ],
)
def test_no_other_url_does_and_none_is_asked_for(url: str) -> None:
    assert not URLS.leads_here(url)
    with pytest.raises(ForeignUrlError):
        URLS.read(url, 1)
    with pytest.raises(ForeignUrlError):
        URLS.delete(url)
