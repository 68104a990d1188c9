from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.unit.constructs.synthesis import Synthesised, flat, synthesise
from vmie_constructs import VmImportRole

ROLE = "AWS::IAM::Role"


def test_only_the_service_acting_for_this_account_may_assume_the_role() -> None:
    found = synthesise(lambda stack: VmImportRole(stack, "Role"))
    (statement,) = found.only(ROLE)["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "vmie.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    conditions = statement["Condition"]
    assert conditions["StringEquals"] == {
        "sts:ExternalId": "vmimport",
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
    }
    arn = flat(conditions["ArnLike"]["aws:SourceArn"])
    assert arn == "arn:<AWS::Partition>:vmie:*:<AWS::AccountId>:*"


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_source_is_of_the_stacks_own_partition(region: str, partition: str) -> None:
    found = synthesise(lambda stack: VmImportRole(stack, "Role"), account="111122223333", region=region)
    (statement,) = found.only(ROLE)["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    arn = flat(statement["Condition"]["ArnLike"]["aws:SourceArn"]).replace("<AWS::Partition>", partition)
    assert arn == f"arn:{partition}:vmie:*:111122223333:*"
    assert statement["Principal"] == {"Service": "vmie.amazonaws.com"}


def test_a_new_role_may_do_what_the_user_guide_says() -> None:
    found = synthesise(lambda stack: VmImportRole(stack, "Role"))
    assert found.allowed("Role") == {
        "ec2:ModifySnapshotAttribute": ["*"],
        "ec2:CopySnapshot": ["*"],
        "ec2:RegisterImage": ["*"],
        "ec2:Describe*": ["*"],
    }


def test_the_role_has_no_fixed_name_unless_asked() -> None:
    assert "RoleName" not in synthesise(lambda stack: VmImportRole(stack, "Role")).only(ROLE)["Properties"]
    named = synthesise(lambda stack: VmImportRole(stack, "Role", role_name="vmimport"))
    assert named.only(ROLE)["Properties"]["RoleName"] == "vmimport"


def with_bucket(grant: str, *, encrypted: bool = False) -> Synthesised:
    def build(stack: cdk.Stack) -> None:
        key = kms.Key(stack, "Key") if encrypted else None
        bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
        getattr(VmImportRole(stack, "Role"), grant)(bucket)

    return synthesise(build)


def test_imports_read_the_bucket_and_nothing_more() -> None:
    found = with_bucket("grant_import_from")
    bucket = f"<{found.name_of('AWS::S3::Bucket')}.Arn>"
    assert {action: on for action, on in found.allowed("Role").items() if action.startswith("s3:")} == {
        "s3:GetBucketLocation": [bucket],
        "s3:ListBucket": [bucket],
        "s3:GetObject": [f"{bucket}/*"],
    }


def test_imports_from_an_encrypted_bucket_may_decrypt() -> None:
    found = with_bucket("grant_import_from", encrypted=True)
    assert found.allowed("Role")["kms:Decrypt"] == [f"<{found.name_of('AWS::KMS::Key')}.Arn>"]


def test_exports_write_below_their_prefix_and_the_probe_and_read_the_buckets_grants() -> None:
    found = with_bucket("grant_export_to")
    bucket = f"<{found.name_of('AWS::S3::Bucket')}.Arn>"
    exported = [f"{bucket}/exports/*", f"{bucket}/vmimportexport_write_verification"]
    assert {action: on for action, on in found.allowed("Role").items() if action.startswith("s3:")} == {
        "s3:GetBucketLocation": [bucket],
        "s3:ListBucket": [bucket],
        "s3:GetBucketAcl": [bucket],
        "s3:GetObject": exported,
        "s3:PutObject": exported,
    }


def test_a_granted_key_may_be_used_as_the_guide_says_without_wildcards() -> None:
    found = synthesise(lambda stack: VmImportRole(stack, "Role").grant_key(kms.Key(stack, "Key")))
    allowed = {action for action in found.allowed("Role") if action.startswith("kms:")}
    assert {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"} < allowed
    assert {"kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKeyWithoutPlaintext"} < allowed
    assert not [action for action in allowed if "*" in action]


def test_license_configurations_are_named_one_by_one() -> None:
    arn = "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:lic-0123456789abcdef"
    found = synthesise(lambda stack: VmImportRole(stack, "Role").grant_license_configurations(arn))
    assert found.allowed("Role")["license-manager:GetLicenseConfiguration"] == [arn]


def test_no_license_configuration_is_refused() -> None:
    role = VmImportRole(cdk.Stack(), "Role")
    with pytest.raises(ValueError, match="at least one"):
        role.grant_license_configurations()


def test_an_existing_role_gets_the_grants_and_no_new_role_is_made() -> None:
    def build(stack: cdk.Stack) -> None:
        bucket = s3.Bucket(stack, "Bucket")
        VmImportRole.from_role_name(stack, "Role", "vmimport").grant_import_from(bucket)

    found = synthesise(build)
    assert not found.of_type(ROLE)
    policy = found.only("AWS::IAM::Policy")
    assert policy["Properties"]["Roles"] == ["vmimport"]


def test_an_immutable_role_is_left_alone() -> None:
    def build(stack: cdk.Stack) -> None:
        role = VmImportRole.from_role_name(stack, "Role", "vmimport", mutable=False)
        role.grant_import_from(s3.Bucket(stack, "Bucket"))

    assert not synthesise(build).of_type("AWS::IAM::Policy")


def test_a_name_for_an_existing_role_is_refused() -> None:
    stack = cdk.Stack()
    existing = iam.Role.from_role_name(stack, "Existing", "vmimport")
    with pytest.raises(ValueError, match=r"role and role_name='other' are both given"):
        VmImportRole(stack, "Role", role=existing, role_name="other")
