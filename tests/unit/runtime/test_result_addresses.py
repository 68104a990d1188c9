from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from vmie_runtime.result_addresses import by_id, by_source_key


def test_the_permanent_address_is_the_request_id():
    assert by_id("0f" * 16) == f"results/by-id/{'0f' * 16}.json"


def test_a_key_keeps_its_own_spelling():
    assert by_source_key("images/Büro 1+2.OVA") == "results/images/Büro 1+2.OVA.json"


def test_a_key_that_would_grow_too_long_is_named_by_its_hash():
    fits, exceeds = "k" * (1024 - len("results/.json")), "k" * (1025 - len("results/.json"))
    assert by_source_key(fits) == f"results/{fits}.json"
    assert by_source_key(exceeds) == f"results/sha256/{sha256(exceeds.encode()).hexdigest()}.json"


def test_an_entry_of_a_fleet_lies_below_its_file():
    assert by_source_key("requests/web.json", 0) == "results/requests/web.json/0.json"
    assert by_source_key("requests/web.json", 9999) == "results/requests/web.json/9999.json"


def test_the_entries_of_a_file_with_a_long_name_lie_below_its_hash():
    key = "k" * 1024
    assert by_source_key(key, 7) == f"results/sha256/{sha256(key.encode()).hexdigest()}/7.json"


@given(st.text(min_size=1, max_size=1024), st.none() | st.integers(min_value=0, max_value=9999))
def test_no_address_exceeds_what_s3_allows(key, ordinal):
    assert len(by_source_key(key, ordinal).encode()) <= 1024
