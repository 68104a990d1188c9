"""One template of an export bucket, deployed in every partition."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError

from vmie_constructs import ExportBucket
from vmie_constructs.export_grantees import EXPORT_GRANTEES
from vmie_local import LocalAws


@pytest.fixture(scope="module")
def template() -> str:
    """The template of a stack that knows neither its Region nor its partition."""
    app = cdk.App()
    synthesizer = cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
    stack = cdk.Stack(app, "Exports", synthesizer=synthesizer)
    export = ExportBucket(stack, "Export", removal_policy=cdk.RemovalPolicy.DESTROY)
    cdk.CfnOutput(stack, "BucketName", value=export.bucket.bucket_name)
    cdk.CfnOutput(stack, "Grantee", value=export.export_grantee)
    return json.dumps(app.synth().get_stack_by_name("Exports").template)


def deploy(cloud: LocalAws, template: str, region: str) -> dict[str, str]:
    client = cloud.client("cloudformation", region=region)
    client.create_stack(StackName="Exports", TemplateBody=template)
    client.get_waiter("stack_create_complete").wait(
        StackName="Exports", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    (stack,) = client.describe_stacks(StackName="Exports")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("mx-central-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
    ],
)
def test_the_regions_own_service_may_write_exports_and_its_probe(
    cloud: LocalAws, template: str, region: str, partition: str
) -> None:
    outputs = deploy(cloud, template, region)
    bucket, s3 = outputs["BucketName"], cloud.client("s3", region=region)
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    allowed: dict[str, Any] = {}
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            assert statement["Principal"] == {"CanonicalUser": EXPORT_GRANTEES[region]}
            allowed[statement["Action"]] = statement["Resource"]
    arn = f"arn:{partition}:s3:::{bucket}"
    assert allowed == {
        "s3:GetBucketAcl": arn,
        "s3:PutObject": [f"{arn}/exports/*", f"{arn}/vmimportexport_write_verification"],
    }
    assert outputs["Grantee"] == EXPORT_GRANTEES[region]


def test_the_bucket_is_as_vm_export_wants_it(cloud: LocalAws, template: str) -> None:
    bucket, s3 = deploy(cloud, template, "eu-central-1")["BucketName"], cloud.client("s3")
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerPreferred"}]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {"NoncurrentDays": 30} in [rule.get("NoncurrentVersionExpiration") for rule in rules]


def test_a_region_without_a_known_grantee_is_refused_at_deployment(cloud: LocalAws, template: str) -> None:
    with pytest.raises(ClientError, match="Unable to get mapping for VmieExportGrantees::us-iso-east-1"):
        deploy(cloud, template, "us-iso-east-1")
