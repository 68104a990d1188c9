from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.unit.constructs.synthesis import Synthesised, synthesise
from vmie_constructs import ImportBucket

BUCKET = "AWS::S3::Bucket"


@pytest.fixture(scope="module")
def made() -> Synthesised:
    return synthesise(lambda stack: ImportBucket(stack, "Import"))


def test_nobody_reaches_the_bucket_from_outside(made: Synthesised) -> None:
    assert made.only(BUCKET)["Properties"]["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert made.only(BUCKET)["Properties"]["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]


def test_requests_without_tls_1_2_are_denied(made: Synthesised) -> None:
    statements = made.only("AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"]["Statement"]
    denied = [each["Condition"] for each in statements if each["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denied
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied


def test_objects_are_versioned_and_events_sent_without_a_function_in_the_stack(made: Synthesised) -> None:
    properties = made.only(BUCKET)["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert not made.of_type("AWS::Lambda::Function")


def test_interrupted_uploads_are_removed_and_images_never(made: Synthesised) -> None:
    rules = made.only(BUCKET)["Properties"]["LifecycleConfiguration"]["Rules"]
    (interrupted,) = (rule for rule in rules if "AbortIncompleteMultipartUpload" in rule)
    assert interrupted["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert {rule.get("Prefix") for rule in rules if any("Expiration" in key for key in rule)} == {"scratch/"}


def test_what_imports_leave_as_scratch_goes_after_a_day_with_its_old_versions(made: Synthesised) -> None:
    rules = made.only(BUCKET)["Properties"]["LifecycleConfiguration"]["Rules"]
    (scratch,) = (rule for rule in rules if rule.get("Prefix") == "scratch/")
    assert scratch["ExpirationInDays"] == 1
    assert scratch["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_the_bucket_outlives_the_stack_unless_asked_otherwise(made: Synthesised) -> None:
    assert made.only(BUCKET)["DeletionPolicy"] == "Retain"
    asked = synthesise(lambda stack: ImportBucket(stack, "Import", removal_policy=cdk.RemovalPolicy.DESTROY))
    assert asked.only(BUCKET)["DeletionPolicy"] == "Delete"


def test_a_key_encrypts_what_is_uploaded() -> None:
    found = synthesise(lambda stack: ImportBucket(stack, "Import", encryption_key=kms.Key(stack, "Key")))
    encryption = found.only(BUCKET)["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption[0]["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert encryption[0]["BucketKeyEnabled"] is True


def test_an_existing_bucket_is_taken_as_it_is() -> None:
    def build(stack: cdk.Stack) -> None:
        existing = s3.Bucket.from_bucket_name(stack, "Existing", "images-of-ours")
        cdk.CfnOutput(stack, "Name", value=ImportBucket(stack, "Import", bucket=existing).bucket.bucket_name)
        kms.Key(stack, "Unrelated")  # a template needs a resource

    found = synthesise(build)
    assert found.template["Outputs"]["Name"]["Value"] == "images-of-ours"
    assert not found.of_type(BUCKET)


def test_a_bucket_of_the_app_is_told_to_send_events() -> None:
    found = synthesise(lambda stack: ImportBucket(stack, "Import", bucket=s3.Bucket(stack, "Own")))
    notifications = found.only("Custom::S3BucketNotifications")["Properties"]
    assert notifications["NotificationConfiguration"] == {"EventBridgeConfiguration": {}}


def test_a_bucket_of_another_import_bucket_needs_no_second_telling() -> None:
    def build(stack: cdk.Stack) -> None:
        first = ImportBucket(stack, "First")
        ImportBucket(stack, "Second", bucket=first.bucket)

    assert not synthesise(build).of_type("Custom::S3BucketNotifications")


def test_settings_for_an_existing_bucket_are_refused() -> None:
    stack = cdk.Stack()
    existing = s3.Bucket.from_bucket_name(stack, "Existing", "images-of-ours")
    with pytest.raises(ValueError, match="bucket is given together with encryption_key and removal_policy"):
        ImportBucket(
            stack,
            "Import",
            bucket=existing,
            encryption_key=kms.Key(stack, "Key"),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
