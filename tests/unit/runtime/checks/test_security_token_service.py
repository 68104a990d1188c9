"""STS that says it is inactive is believed; anything else proves nothing."""

from __future__ import annotations

import pytest

from tests.unit.runtime.checks.requests import ACCOUNT, REGION
from tests.unit.runtime.checks.stubbed import Stub, client
from vmie_runtime.checks.security_token_service import require_active
from vmie_runtime.diagnosis import diagnose_call
from vmie_runtime.errors import RequestRejected


def test_an_answer_names_the_account() -> None:
    with Stub("sts") as sts:
        sts.identify()
        assert require_active(sts.client, REGION) == ACCOUNT


@pytest.mark.parametrize("code", ["RegionDisabledException", "RegionDisabled"])
def test_an_inactive_region_is_refused(code: str) -> None:
    with Stub("sts") as sts:
        sts.add_client_error("get_caller_identity", code, "STS is not activated in this region", 403)
        with pytest.raises(RequestRejected) as caught:
            require_active(sts.client, REGION)
    assert caught.value.code == "StsInactive"
    assert REGION in caught.value.text
    assert diagnose_call("GetCallerIdentity", code, "STS is not activated").code == "StsInactive"


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "Throttling", "ServiceUnavailable"])
def test_other_errors_refuse_nothing(code: str) -> None:
    with Stub("sts") as sts:
        sts.add_client_error("get_caller_identity", code, "x", 403)
        assert require_active(sts.client, REGION) is None


def test_the_regions_own_endpoint_is_asked() -> None:
    assert client("sts").meta.endpoint_url == f"https://sts.{REGION}.amazonaws.com"
