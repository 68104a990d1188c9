from __future__ import annotations

import logging

import pytest

from tests.unit.local.vm_import.fakes import HERE, FakeRoles
from vmie_local.front_door.api_call import ApiError
from vmie_local.place import Place
from vmie_local.vm_import.ports import ServiceRole
from vmie_local.vm_import.service_role import ServiceRoles

NOW = 1000.0
OBJECTS = [("images", "disks/web.vmdk")]
REFUSAL = "The service role vmimport provided does not exist or does not have sufficient permissions"


def refused(roles: ServiceRoles, name: str = "vmimport", now: float = NOW) -> ApiError:
    with pytest.raises(ApiError) as refusal:
        roles.check(HERE, name, OBJECTS, now)
    return refusal.value


def test_a_sufficient_role_is_returned() -> None:
    assert ServiceRoles(FakeRoles()).check(HERE, "vmimport", OBJECTS, NOW).arn.endswith(":role/vmimport")


def test_a_missing_role_is_refused_by_its_name() -> None:
    error = refused(ServiceRoles(FakeRoles()), "import-role")

    assert error.code == "InvalidParameter"
    assert error.message == REFUSAL.replace("vmimport", "import-role")


def test_a_role_that_does_not_trust_the_service_is_refused() -> None:
    iam = FakeRoles()
    iam.trusted = False

    assert refused(ServiceRoles(iam)).message == REFUSAL


def test_the_service_assumes_with_external_id_and_source() -> None:
    iam = FakeRoles()
    ServiceRoles(iam).check(HERE, "vmimport", OBJECTS, NOW)

    assert iam.contexts == [
        {
            "sts:ExternalId": "vmimport",
            "aws:SourceAccount": "123456789012",
            "aws:SourceArn": "arn:aws:vmie:us-east-1:123456789012:*",
        }
    ]


@pytest.mark.parametrize(
    "missing",
    [
        ("s3:GetBucketLocation", "arn:aws:s3:::images"),
        ("s3:ListBucket", "arn:aws:s3:::images"),
        ("s3:GetObject", "arn:aws:s3:::images/disks/web.vmdk"),
        ("ec2:ModifySnapshotAttribute", "*"),
        ("ec2:CopySnapshot", "*"),
        ("ec2:RegisterImage", "*"),
        ("ec2:DescribeImages", "*"),
        ("ec2:DescribeSnapshots", "*"),
    ],
)
def test_a_role_that_lacks_one_permission_is_refused(missing: tuple[str, str]) -> None:
    iam = FakeRoles()
    iam.denied = {missing}

    assert refused(ServiceRoles(iam)).message == REFUSAL


def test_a_role_changed_just_now_is_not_yet_seen() -> None:
    iam = FakeRoles()
    iam.roles["vmimport"] = ServiceRole("arn", {}, (), None, changed_at=NOW - 9)

    assert refused(ServiceRoles(iam)).message == REFUSAL
    assert ServiceRoles(iam).check(HERE, "vmimport", OBJECTS, NOW + 1)
    assert ServiceRoles(iam, propagation_seconds=0).check(HERE, "vmimport", OBJECTS, NOW)


def test_recording_only_notes_what_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    iam = FakeRoles()
    iam.denied = {("ec2:RegisterImage", "*")}

    with caplog.at_level(logging.WARNING):
        ServiceRoles(iam, mode="record").check(HERE, "vmimport", OBJECTS, NOW)

    assert "ec2:RegisterImage" in caplog.text


def test_with_iam_off_a_role_only_has_to_exist() -> None:
    iam = FakeRoles()
    iam.trusted = False
    roles = ServiceRoles(iam, mode="off")

    assert roles.check(HERE, "vmimport", OBJECTS, NOW)
    assert refused(roles, "nobody").code == "InvalidParameter"


def test_arns_are_of_the_region_s_own_partition() -> None:
    iam = FakeRoles()
    china = Place(HERE.account, "cn-north-1")
    ServiceRoles(iam).check(china, "vmimport", OBJECTS, NOW)
    ServiceRoles(iam).check_export(china, "vmimport", "exports", "web.vmdk", NOW)

    resources = {resource for _, resource in iam.asked if resource != "*"}
    assert {resource.split(":")[1] for resource in resources} == {"aws-cn"}
    assert "arn:aws-cn:s3:::exports/web.vmdk" in resources
    assert {context["aws:SourceArn"] for context in iam.contexts} == {
        f"arn:aws-cn:vmie:cn-north-1:{HERE.account}:*"
    }
