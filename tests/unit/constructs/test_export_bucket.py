from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import region_info

from tests.unit.constructs.synthesis import FLAGS, Synthesised, as_list, flat, synthesise
from tests.unit.constructs.test_nag import examine
from vmie_constructs import ExportBucket
from vmie_constructs.export_grantees import EXPORT_GRANTEES

BUCKET, POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"
ACCOUNT = "111122223333"
PREFERRED = s3.ObjectOwnership.BUCKET_OWNER_PREFERRED


@pytest.fixture(scope="module")
def made() -> Synthesised:
    return synthesise(lambda stack: ExportBucket(stack, "Export"))


def statements(found: Synthesised, effect: str) -> list[dict[str, Any]]:
    every = found.only(POLICY)["Properties"]["PolicyDocument"]["Statement"]
    return [statement for statement in every if statement["Effect"] == effect]


def granted(found: Synthesised) -> dict[str, list[str]]:
    """What the policy allows, by action."""
    return {
        statement["Action"]: [flat(each) for each in as_list(statement["Resource"])]
        for statement in statements(found, "Allow")
    }


def test_s3_encrypts_with_its_own_keys(made: Synthesised) -> None:
    encryption = made.only(BUCKET)["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]


def test_files_that_the_service_hands_over_belong_to_the_owner(made: Synthesised) -> None:
    assert made.only(BUCKET)["Properties"]["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerPreferred"}
    ]


def test_nobody_reaches_the_bucket_from_outside(made: Synthesised) -> None:
    assert set(made.only(BUCKET)["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}


def test_requests_without_tls_1_2_are_denied(made: Synthesised) -> None:
    denied = [each["Condition"] for each in statements(made, "Deny")]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denied
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


def test_the_service_writes_exports_and_its_probe_and_neither_requests_nor_results(
    made: Synthesised,
) -> None:
    bucket = f"<{made.name_of(BUCKET)}.Arn>"
    assert granted(made) == {
        "s3:GetBucketAcl": [bucket],
        "s3:PutObject": [f"{bucket}/exports/*", f"{bucket}/vmimportexport_write_verification"],
    }


def test_objects_are_versioned_and_events_sent_without_a_function_in_the_stack(made: Synthesised) -> None:
    properties = made.only(BUCKET)["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert not made.of_type("AWS::Lambda::Function")


def test_interrupted_uploads_and_what_was_replaced_are_removed_and_exports_never(made: Synthesised) -> None:
    rules = made.only(BUCKET)["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {"DaysAfterInitiation": 7} in [rule.get("AbortIncompleteMultipartUpload") for rule in rules]
    assert {"NoncurrentDays": 30} in [rule.get("NoncurrentVersionExpiration") for rule in rules]
    assert not [rule for rule in rules if "ExpirationInDays" in rule or "ExpirationDate" in rule]


def test_how_long_replaced_objects_stay_can_be_chosen() -> None:
    found = synthesise(
        lambda stack: ExportBucket(stack, "Export", noncurrent_version_expiration=cdk.Duration.days(2))
    )
    rules = found.only(BUCKET)["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {"NoncurrentDays": 2} in [rule.get("NoncurrentVersionExpiration") for rule in rules]


def test_the_bucket_outlives_the_stack_unless_asked_otherwise(made: Synthesised) -> None:
    assert made.only(BUCKET)["DeletionPolicy"] == "Retain"
    asked = synthesise(lambda stack: ExportBucket(stack, "Export", removal_policy=cdk.RemovalPolicy.DESTROY))
    assert asked.only(BUCKET)["DeletionPolicy"] == "Delete"


# The grantee, in every Region and partition.


def grantees(found: Synthesised) -> set[str]:
    return {str(statement["Principal"]["CanonicalUser"]) for statement in statements(found, "Allow")}


@pytest.mark.parametrize(
    ("region", "grantee"),
    [
        ("eu-west-1", "c4d8eabf8db69dbe46bfe0e517100c554f01200b104d59cd408e777ba442a322"),
        ("mx-central-1", "edaff67fe25d544b855bd0ba9a74a99a2584ab89ceda0a9661bdbeca530d0fca"),
        ("cn-northwest-1", "834bafd86b15b6ca71074df0fd1f93d234b9d5e848a2cb31f880c149003ce36f"),
        ("us-gov-east-1", "af913ca13efe7a94b88392711f6cfc8aa07c9d1454d4f190a624b126733a5602"),
    ],
)
def test_the_grantee_is_that_of_the_stacks_region(region: str, grantee: str) -> None:
    found = synthesise(lambda stack: ExportBucket(stack, "Export"), account=ACCOUNT, region=region)
    assert grantees(found) == {grantee}
    assert "Mappings" not in found.template


def test_where_the_region_is_not_known_the_template_maps_every_region(made: Synthesised) -> None:
    mapping = made.template["Mappings"]["VmieExportGrantees"]
    assert mapping == {region: {"CanonicalUserId": user} for region, user in EXPORT_GRANTEES.items()}
    lookup = ["VmieExportGrantees", {"Ref": "AWS::Region"}, "CanonicalUserId"]
    for statement in statements(made, "Allow"):
        assert statement["Principal"] == {"CanonicalUser": {"Fn::FindInMap": lookup}}


def test_two_buckets_in_a_stack_share_the_mapping() -> None:
    def build(stack: cdk.Stack) -> None:
        ExportBucket(stack, "One")
        ExportBucket(stack, "Two")

    assert list(synthesise(build).template["Mappings"]) == ["VmieExportGrantees"]


def test_the_table_holds_canonical_user_ids() -> None:
    for region, user in EXPORT_GRANTEES.items():
        assert re.fullmatch("[0-9a-f]{64}", user), region


def test_only_regions_of_closed_partitions_have_no_grantee() -> None:
    # AWS publishes no ids for these; a Region that turns up here needs its own, and a release.
    without = {info.name for info in region_info.RegionInfo.regions if info.name not in EXPORT_GRANTEES}
    assert {region for region in without if not re.match(r"us-iso|eu-isoe|eusc-", region)} == set()


def test_a_region_without_a_known_grantee_is_refused_at_synthesis() -> None:
    with pytest.raises(ValueError, match=r"in xx-future-1 is not known.*export_grantee"):
        synthesise(lambda stack: ExportBucket(stack, "Export"), account=ACCOUNT, region="xx-future-1")


def test_a_given_grantee_is_taken_in_any_region() -> None:
    given = "0123456789abcdef" * 4
    found = synthesise(
        lambda stack: ExportBucket(stack, "Export", export_grantee=given),
        account=ACCOUNT,
        region="xx-future-1",
    )
    assert grantees(found) == {given}


def test_a_grantee_that_is_no_canonical_user_id_is_refused() -> None:
    with pytest.raises(ValueError, match=r"export_grantee is '111122223333'.*64 hexadecimal digits"):
        ExportBucket(cdk.Stack(), "Export", export_grantee=ACCOUNT)


# Existing buckets.


def with_existing(**settings: Any) -> Callable[[cdk.Stack], object]:
    return lambda stack: ExportBucket(stack, "Export", bucket=s3.Bucket(stack, "Own", **settings))


def test_a_bucket_of_the_app_gets_the_services_permissions_and_is_told_to_send_events() -> None:
    found = synthesise(with_existing(object_ownership=PREFERRED, encryption=s3.BucketEncryption.S3_MANAGED))
    assert set(granted(found)) == {"s3:GetBucketAcl", "s3:PutObject"}
    notifications = found.only("Custom::S3BucketNotifications")["Properties"]
    assert notifications["NotificationConfiguration"] == {"EventBridgeConfiguration": {}}


def test_a_bucket_of_another_export_bucket_gets_nothing_twice(made: Synthesised) -> None:
    def build(stack: cdk.Stack) -> None:
        first = ExportBucket(stack, "First")
        ExportBucket(stack, "Second", bucket=first.bucket)

    found = synthesise(build)
    assert not found.of_type("Custom::S3BucketNotifications")
    assert len(statements(found, "Allow")) == len(statements(made, "Allow"))


def test_a_bucket_of_another_stack_has_the_mapping_where_its_policy_is() -> None:
    app = cdk.App(context=FLAGS)
    theirs, ours = cdk.Stack(app, "Theirs"), cdk.Stack(app, "Ours")
    kms.Key(ours, "Unrelated")  # a template needs a resource
    bucket = s3.Bucket(theirs, "Own", object_ownership=PREFERRED)
    cdk.CfnOutput(ours, "Grantee", value=ExportBucket(ours, "Export", bucket=bucket).export_grantee)
    assembly = app.synth()
    assert "VmieExportGrantees" in assembly.get_stack_by_name("Theirs").template["Mappings"]
    assert "VmieExportGrantees" in assembly.get_stack_by_name("Ours").template["Mappings"]


@pytest.mark.parametrize(
    ("encryption", "named"),
    [
        (s3.BucketEncryption.KMS_MANAGED, "aws:kms by default"),
        (s3.BucketEncryption.DSSE_MANAGED, "aws:kms:dsse by default"),
        (s3.BucketEncryption.KMS, "KMS key Default/Own/Key"),
    ],
)
def test_a_bucket_that_kms_encrypts_is_refused_with_the_reason(
    encryption: s3.BucketEncryption, named: str
) -> None:
    with pytest.raises(ValueError, match=rf"{named}: .*SSE-S3\) only"):
        with_existing(encryption=encryption, object_ownership=PREFERRED)(cdk.Stack())


def test_an_imported_bucket_with_a_key_is_refused() -> None:
    stack = cdk.Stack()
    existing = s3.Bucket.from_bucket_attributes(
        stack, "Existing", bucket_name="exports-of-ours", encryption_key=kms.Key(stack, "Key")
    )
    with pytest.raises(ValueError, match=r"KMS key Default/Key: .*SSE-S3\) only"):
        ExportBucket(stack, "Export", bucket=existing)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED}, "BucketOwnerEnforced: .*by an ACL"),
        ({}, "BucketOwnerEnforced, the default: .*by an ACL"),
        ({"object_ownership": s3.ObjectOwnership.OBJECT_WRITER}, "ObjectWriter: .*would belong to"),
    ],
)
def test_a_bucket_of_another_object_ownership_is_refused_with_the_reason(
    settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=rf"{named}.*BUCKET_OWNER_PREFERRED"):
        with_existing(**settings)(cdk.Stack())


def test_a_bucket_of_another_region_is_refused() -> None:
    app = cdk.App()
    theirs = cdk.Stack(app, "Theirs", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    ours = cdk.Stack(app, "Ours", env=cdk.Environment(account=ACCOUNT, region="eu-central-1"))
    with pytest.raises(ValueError, match="bucket is in eu-west-1 and the stack in eu-central-1"):
        ExportBucket(ours, "Export", bucket=s3.Bucket(theirs, "Own", object_ownership=PREFERRED))


def test_an_imported_bucket_is_taken_as_it_is_and_its_owner_told_what_to_allow() -> None:
    def build(stack: cdk.Stack) -> None:
        existing = s3.Bucket.from_bucket_name(stack, "Existing", "exports-of-ours")
        export = ExportBucket(stack, "Export", bucket=existing)
        cdk.CfnOutput(stack, "Name", value=export.bucket.bucket_name)
        cdk.CfnOutput(
            stack,
            "Statements",
            value=stack.to_json_string([each.to_statement_json() for each in export.grantee_statements]),
        )
        kms.Key(stack, "Unrelated")  # a template needs a resource

    found = synthesise(build, account=ACCOUNT, region="eu-west-1")
    assert not found.of_type(BUCKET) and not found.of_type(POLICY)
    assert found.template["Outputs"]["Name"]["Value"] == "exports-of-ours"
    told = flat(found.template["Outputs"]["Statements"]["Value"])
    assert '"CanonicalUser":"c4d8eabf8db69dbe' in told
    assert "s3:::exports-of-ours/vmimportexport_write_verification" in told


def test_settings_for_an_existing_bucket_are_refused() -> None:
    stack = cdk.Stack()
    existing = s3.Bucket.from_bucket_name(stack, "Existing", "exports-of-ours")
    with pytest.raises(ValueError, match="given together with noncurrent_version_expiration and removal_pol"):
        ExportBucket(
            stack,
            "Export",
            bucket=existing,
            noncurrent_version_expiration=cdk.Duration.days(1),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


def test_a_key_for_a_new_bucket_is_refused_with_the_reason() -> None:
    stack = cdk.Stack()
    with pytest.raises(ValueError, match=r"encryption_key is given: .*SSE-S3\) only"):
        ExportBucket(stack, "Export", encryption_key=kms.Key(stack, "Key"))


# Nag, and the local CloudFormation.


@pytest.mark.parametrize("region", [None, "eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_nothing_is_open_or_acknowledged_in_vain_in_any_partition(region: str | None, tmp_path: Path) -> None:
    report = examine(lambda stack: ExportBucket(stack, "Export"), tmp_path, region=region)
    assert report.open == set()
    assert report.acknowledged - report.used == set()


def test_with_access_logs_nothing_is_open_or_acknowledged_in_vain(tmp_path: Path) -> None:
    report = examine(
        lambda stack: ExportBucket(stack, "Export", server_access_logs_bucket=s3.Bucket(stack, "TheirLogs")),
        tmp_path,
    )
    assert {found for found in report.open if not found[1].startswith("Stack/TheirLogs/")} == set()
    assert report.acknowledged - report.used == set()


# The page about it.

PAGE = Path(__file__).parents[3] / "docs" / "export-bucket.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_first_example_of_the_page_makes_a_bucket(tmp_path: Path) -> None:
    example = block("python").replace("App()", f"App(outdir={str(tmp_path)!r})")
    exec(compile(example, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    template = Synthesised(json.loads((tmp_path / "Exports.template.json").read_text()))
    assert set(granted(template)) == {"s3:GetBucketAcl", "s3:PutObject"}


def test_the_page_has_the_statements_for_a_bucket_that_is_made_elsewhere() -> None:
    stack = cdk.Stack(env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    existing = s3.Bucket.from_bucket_name(stack, "Existing", "exports-of-ours")
    told = ExportBucket(stack, "Export", bucket=existing).grantee_statements
    resolved = [stack.resolve(each.to_statement_json()) for each in told]
    assert [{**each, "Resource": arns(each)} for each in resolved] == [
        {**each, "Resource": arns(each)} for each in json.loads(block("json"))
    ]


def arns(statement: dict[str, Any]) -> list[str]:
    return [flat(each).replace("<AWS::Partition>", "aws") for each in as_list(statement["Resource"])]
