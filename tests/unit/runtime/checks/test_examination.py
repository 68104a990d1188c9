"""The checks together, as a request meets them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.runtime.checks.requests import ACCOUNT, BUCKET, REGION, ROLE, Document
from tests.unit.runtime.checks.stubbed import KEY_ARN, Stub, delegating, key, policy
from vmie_runtime.checks import REQUIRED_ACTIONS, Advice, Allowed, Own
from vmie_runtime.checks.examination import Account, examine_account, examine_guest
from vmie_runtime.checks.keys import DEFAULT_KEY_ALIAS
from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.errors import RequestRejected

_OWN = Own(bucket=BUCKET, region=REGION, account=ACCOUNT, role_name=ROLE)
_NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC).isoformat()
_NOTHING = Allowed()
_STARTER = f"arn:aws:iam::{ACCOUNT}:role/start-task"


@dataclass
class _Cloud:
    ec2: Stub
    kms: Stub
    sts: Stub

    def settings(self, *, enabled: bool = False, default: str = DEFAULT_KEY_ALIAS) -> None:
        self.ec2.add_response("get_ebs_encryption_by_default", {"EbsEncryptionByDefault": enabled}, {})
        self.ec2.add_response("get_ebs_default_kms_key_id", {"KmsKeyId": default}, {})

    def advice(
        self, document: Document, allowed: Allowed = _NOTHING, *, partition: str = "aws"
    ) -> list[Advice]:
        account = Account(
            ec2=self.ec2.client,
            kms=self.kms.client,
            sts=self.sts.client,
            partition=partition,
            starting_role=_STARTER,
        )
        return examine_account(document, account, allowed, _OWN)

    def examine(self, document: Document, allowed: Allowed = _NOTHING) -> list[str]:
        found = [advice.code for advice in self.advice(document, allowed)]
        for each in (self.ec2, self.kms, self.sts):
            each.assert_no_pending_responses()
        return found


@pytest.fixture
def cloud() -> Iterator[_Cloud]:
    with ExitStack() as stack:
        stubs = [stack.enter_context(Stub(service)) for service in ("ec2", "kms", "sts")]
        stubs[2].identify()
        yield _Cloud(*stubs)


def test_a_plain_import_in_a_plain_account_has_nothing_to_say(cloud: _Cloud) -> None:
    cloud.settings()
    assert cloud.examine(Document(parameters={"LicenseType": "BYOL"})) == []


def test_the_requests_key_and_its_policy_are_looked_at(cloud: _Cloud) -> None:
    cloud.settings()
    cloud.kms.add_response("describe_key", key(), {"KeyId": "alias/web"})
    cloud.kms.add_response("get_key_policy", policy(), {"KeyId": KEY_ARN, "PolicyName": "default"})
    parameters = {"Encrypted": True, "KmsKeyId": "alias/web"}
    of_role, of_starter = cloud.advice(Document(parameters=parameters))
    assert (of_role.code, of_starter.code) == ("KeyPolicyLacks", "KeyPolicyLacks")
    assert f"the service role arn:aws:iam::{ACCOUNT}:role/{ROLE} perform" in of_role.message
    assert f"the role that starts tasks {_STARTER} perform" in of_starter.message


@pytest.mark.parametrize(("asked", "role"), [(None, ROLE), ("another", "another")])
def test_the_keys_policy_is_asked_about_the_role_that_goes_along(
    cloud: _Cloud, asked: str | None, role: str
) -> None:
    cloud.settings()
    cloud.kms.add_response("describe_key", key(), None)
    cloud.kms.add_response("get_key_policy", policy(), None)
    advice, _ = cloud.advice(Document(parameters={"KmsKeyId": KEY_ARN, "Encrypted": True}, role_name=asked))
    assert f":role/{role} " in advice.message


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_statement_to_add_names_the_role_in_its_own_partition(cloud: _Cloud, partition: str) -> None:
    cloud.settings()
    cloud.kms.add_response("describe_key", key(), None)
    cloud.kms.add_response("get_key_policy", policy(), None)
    document = Document(parameters={"KmsKeyId": KEY_ARN, "Encrypted": True})
    advice, _ = cloud.advice(document, partition=partition)
    assert f'"arn:{partition}:iam::{ACCOUNT}:role/{ROLE}"' in advice.remedy


def test_a_key_of_awss_has_no_policy_to_mend(cloud: _Cloud) -> None:
    cloud.settings(default=KEY_ARN)
    cloud.kms.add_response("describe_key", key(KeyManager="AWS"), None)
    cloud.kms.add_response("get_key_policy", policy(), None)
    document = Document(parameters={"Encrypted": True, "KmsKeyId": "alias/aws/ebs"})
    assert [advice.code for advice in cloud.advice(document)] == ["DefaultKeyNamed"]


def test_the_default_key_by_its_own_name_is_advised_against(cloud: _Cloud) -> None:
    """In the main case: nobody gave the account another default."""
    cloud.settings()
    cloud.kms.add_client_error("describe_key", "AccessDeniedException")
    document = Document(parameters={"Encrypted": True, "KmsKeyId": DEFAULT_KEY_ALIAS})
    assert cloud.examine(document) == ["DefaultKeyNamed"]


def test_a_default_key_that_is_awss_by_its_manager_alone_cannot_be_shared(cloud: _Cloud) -> None:
    cloud.settings(enabled=True, default=KEY_ARN)
    cloud.kms.add_response("describe_key", key(KeyManager="AWS"), {"KeyId": KEY_ARN})
    assert cloud.examine(Document()) == ["EncryptedByDefault", "NotShareable"]


def test_a_default_key_that_may_not_be_described_is_said_to_be_unknown(cloud: _Cloud) -> None:
    cloud.settings(enabled=True, default=KEY_ARN)
    cloud.kms.add_client_error("describe_key", "AccessDeniedException")
    by_default, unproven = cloud.advice(Document())
    assert "unless it is AWS's own, which could not be told" in by_default.message
    assert unproven.code == "KeyNotExamined"


@pytest.mark.parametrize("operation", ["ImportInstance", "ImportVolume"])
def test_an_operation_without_a_service_role_is_held_against_who_starts_it(
    cloud: _Cloud, operation: str
) -> None:
    cloud.settings(enabled=True, default=KEY_ARN)
    cloud.kms.add_response("describe_key", key(), {"KeyId": KEY_ARN})
    cloud.kms.add_response("get_key_policy", policy(), None)
    by_default, lacking = cloud.advice(Document(operation=operation, parameters={"Platform": "Windows"}))
    assert "service role" not in by_default.message + lacking.message
    assert _STARTER in lacking.message


def test_the_key_of_a_volume_is_used_by_who_starts_the_request(cloud: _Cloud) -> None:
    cloud.settings()
    cloud.kms.add_response("describe_key", key(), {"KeyId": KEY_ARN})
    cloud.kms.add_response("get_key_policy", policy(), None)
    document = Document(
        operation="ImportSnapshot", options={"CreateVolume": {"Encrypted": True, "KmsKeyId": KEY_ARN}}
    )
    (advice,) = cloud.advice(document)
    assert _STARTER in advice.message
    assert ROLE not in advice.message


def test_the_accounts_own_default_key_is_looked_at(cloud: _Cloud) -> None:
    cloud.settings(enabled=True, default=KEY_ARN)
    cloud.kms.add_response("describe_key", key(), {"KeyId": KEY_ARN})
    cloud.kms.add_response("get_key_policy", policy(delegating()), None)
    assert cloud.examine(Document()) == ["EncryptedByDefault"]


def test_a_disabled_default_key_is_refused(cloud: _Cloud) -> None:
    cloud.settings(enabled=True, default=KEY_ARN)
    cloud.kms.add_response("describe_key", key(KeyState="Disabled", Enabled=False), {"KeyId": KEY_ARN})
    with pytest.raises(RequestRejected, match="KeyNotEnabled"):
        cloud.examine(Document())


def test_awss_own_default_key_needs_no_look(cloud: _Cloud) -> None:
    cloud.settings(enabled=True)
    document = Document(options={"Distribution": {"AccountIds": ["210987654321"]}})
    assert cloud.examine(document) == ["EncryptedByDefault", "NotShareable"]


@pytest.mark.parametrize("whom", ["AccountIds", "OrganizationArns"])
def test_sharing_what_awss_key_encrypts_is_advised_against(cloud: _Cloud, whom: str) -> None:
    cloud.settings()
    document = Document(parameters={"Encrypted": True}, options={"Distribution": {whom: ["x"]}})
    assert cloud.examine(document) == ["NotShareable"]


def test_what_is_not_shared_may_have_awss_key(cloud: _Cloud) -> None:
    cloud.settings()
    document = Document(parameters={"Encrypted": True}, options={"Distribution": {"Regions": ["us-east-1"]}})
    assert cloud.examine(document) == []


def test_a_key_of_another_account_passes_where_the_owner_allowed_it(cloud: _Cloud) -> None:
    arn = KEY_ARN.replace(ACCOUNT, "999999999999")
    cloud.settings()
    cloud.kms.add_response("describe_key", key(AWSAccountId="999999999999", Arn=arn), {"KeyId": arn})
    cloud.kms.add_client_error("get_key_policy", "AccessDeniedException")
    document = Document(parameters={"Encrypted": True, "KmsKeyId": arn})
    assert cloud.examine(document, Allowed(kms_keys=(arn,))) == []


def test_the_key_of_a_volume_is_looked_at(cloud: _Cloud) -> None:
    cloud.settings()
    cloud.kms.add_client_error("describe_key", "NotFoundException")
    document = Document(operation="ImportSnapshot", options={"CreateVolume": {"KmsKeyId": "alias/none"}})
    with pytest.raises(RequestRejected, match="KeyNotFound"):
        cloud.examine(document)


def test_an_export_asks_sts_only(cloud: _Cloud) -> None:
    assert cloud.examine(Document(operation="ExportImage", parameters={"ImageId": "ami-1"})) == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (
            Document(parameters={"LicenseType": "AWS", "UsageOperation": "RunInstances:0002"}),
            "OptionsConflict",
        ),
        (Document(parameters={"LicenseType": "AWS", "Platform": "Linux"}), "LicenceTypeMismatch"),
        (
            Document(
                operation="ImportInstance",
                parameters={"Platform": "Linux", "LaunchSpecification": {"InstanceType": "m5.large"}},
            ),
            "LinuxInstanceType",
        ),
    ],
)
def test_what_the_request_alone_shows_is_refused_before_the_account_is_asked(
    cloud: _Cloud, document: Document, code: str
) -> None:
    with pytest.raises(RequestRejected, match=code):
        cloud.examine(document)


_SERVER = {
    "Family": "windows",
    "Name": "Windows Server 2022",
    "Edition": "Standard",
    "Client": False,
    "Bits": 64,
}


@pytest.mark.parametrize(
    ("operation", "parameters", "codes"),
    [
        ("ImportImage", {"LicenseType": "AWS"}, []),
        ("ImportImage", {"LicenseType": "BYOL"}, ["DedicatedHostsNeeded"]),
        ("ImportImage", {}, ["LicenceUnnamed"]),
        ("ImportSnapshot", {}, ["DedicatedHostsNeeded"]),
        (
            "ImportInstance",
            {"Platform": "Windows"},
            ["ConversionTaskIsLegacy", "ConversionWithoutLicenceType"],
        ),
        ("ImportVolume", {}, ["ConversionTaskIsLegacy"]),
    ],
)
def test_the_guest_gives_reason_for_advice(
    operation: str, parameters: dict[str, Any], codes: list[str]
) -> None:
    advice = examine_guest(operation, parameters, _SERVER, region=REGION, now=_NOW)
    assert [one.code for one in advice] == codes


@pytest.mark.parametrize("operation", ["ImportImage", "ImportInstance", "ImportSnapshot"])
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Red Hat Enterprise Linux", "RedHatCloudAccess"),
        ("SUSE Linux Enterprise Server", "SuseBringYourOwnSubscription"),
    ],
)
def test_a_linux_that_is_sold_brings_its_subscription_by_every_operation(
    operation: str, name: str, code: str
) -> None:
    facts = {"Family": "linux", "Name": name}
    advice = examine_guest(operation, {"Platform": "Linux"}, facts, region=REGION, now=_NOW)
    assert [one.code for one in advice][-1] == code


def test_windows_without_conversion_keeps_its_licence_also_by_the_requests_word() -> None:
    (advice,) = examine_guest("ImportSnapshot", {"Platform": "Windows"}, None, region=REGION, now=_NOW)
    assert advice.code == "DedicatedHostsNeeded"


def test_a_data_disk_needs_no_licence() -> None:
    assert examine_guest("ImportSnapshot", {}, None, region=REGION, now=_NOW) == []


@pytest.mark.parametrize(
    ("operation", "facts", "region", "code"),
    [
        ("ImportInstance", {"Family": "linux"}, REGION, "PlatformMismatch"),
        ("ImportInstance", _SERVER, "eu-west-2", "ConversionNotInRegion"),
    ],
)
def test_a_guest_that_must_fail_is_refused(
    operation: str, facts: dict[str, Any], region: str, code: str
) -> None:
    with pytest.raises(RequestRejected) as caught:
        examine_guest(operation, {"Platform": "Windows"}, facts, region=region, now=_NOW)
    assert caught.value.code == code
    assert code in BY_CODE


@pytest.mark.parametrize("operation", ["ImportImage", "ImportInstance"])
def test_a_32_bit_request_is_refused_except_as_a_snapshot(operation: str) -> None:
    parameters = {"Architecture": "i386", "LaunchSpecification": {"Architecture": "i386"}}
    with pytest.raises(RequestRejected, match="ThirtyTwoBitEnded"):
        examine_guest(operation, parameters, None, region=REGION, now=_NOW)
    examine_guest("ImportSnapshot", parameters, None, region=REGION, now=_NOW)


def test_a_snapshot_takes_any_guest() -> None:
    facts = {"Family": "windows", "Name": "Windows 7", "Bits": 32, "Client": True}
    assert examine_guest("ImportSnapshot", {}, facts, region="cn-north-1", now=_NOW)


def test_the_actions_are_exact() -> None:
    assert all(":" in action and "*" not in action for action in REQUIRED_ACTIONS)


@pytest.mark.parametrize("service", ["ec2", "kms"])
def test_every_call_is_among_the_actions(cloud: _Cloud, service: str) -> None:
    """What the checks call, by the events of their clients, is what `REQUIRED_ACTIONS` says."""
    called: set[str] = set()
    client = getattr(cloud, service).client
    client.meta.events.register(
        "before-parameter-build", lambda model, **_: called.add(f"{service}:{model.name}"), unique_id="calls"
    )
    try:
        cloud.settings(enabled=True, default=KEY_ARN)
        cloud.kms.add_response("describe_key", key(), None)
        cloud.kms.add_response("get_key_policy", policy(delegating()), None)
        cloud.examine(Document())
    finally:
        client.meta.events.unregister("before-parameter-build", unique_id="calls")
    assert called == {action for action in REQUIRED_ACTIONS if action.startswith(f"{service}:")}
