"""How long a request says that it may take."""

import pytest

from vmie_runtime.request_documents import duration_seconds


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
