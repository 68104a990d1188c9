from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cfnlint.api
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from tests.unit.constructs.synthesis import FLAGS, Synthesised, flat, synthesise
from vmie_constructs import ImportWorkflow, VmImportExport

REGIONS = {"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}


def test_it_works_without_an_argument(default: Synthesised) -> None:
    for half in ("VmieImport", "VmieExport"):
        assert default.only("AWS::S3::Bucket", f"{half}Bucket")
        assert default.only("AWS::StepFunctions::StateMachine", half)


def test_two_pipelines_in_a_stack_share_nothing() -> None:
    def build(stack: cdk.Stack) -> None:
        VmImportExport(stack, "One")
        VmImportExport(stack, "Two")

    found = synthesise(build)
    for resource_type, each in (("AWS::S3::Bucket", 2), ("AWS::DynamoDB::GlobalTable", 1)):
        for half in ("One", "Two"):
            names = [name for name in found.of_type(resource_type) if name.startswith(half)]
            assert len(names) == each
    one = json.dumps([each for name, each in found.template["Resources"].items() if name.startswith("One")])
    assert "Two" not in one
    names = [
        group["Properties"].get("LogGroupName") for group in found.of_type("AWS::Logs::LogGroup").values()
    ]
    fixed = [flat(name) for name in names if name]
    assert len(set(fixed)) == len(fixed) == 4


def test_it_takes_what_the_import_workflow_takes_with_the_same_defaults() -> None:
    def parameters(construct: type) -> dict[str, Any]:
        signature = inspect.signature(construct.__init__)  # type: ignore[misc]
        return {
            name: (parameter.default, parameter.annotation)
            for name, parameter in signature.parameters.items()
        }

    own, passed = parameters(VmImportExport), parameters(ImportWorkflow)
    wired = {"self", "scope", "construct_id", "import_bucket", "service_role"}
    assert {name: own[name] for name in passed.keys() - wired} == {
        name: passed[name] for name in passed.keys() - wired
    }


def test_what_exists_is_used_and_not_made_again() -> None:
    def build(stack: cdk.Stack) -> None:
        VmImportExport(
            stack,
            "Vmie",
            import_bucket=s3.Bucket.from_bucket_name(stack, "Images", "images-of-ours"),
            export_bucket=s3.Bucket.from_bucket_name(stack, "Exports", "exports-of-ours"),
            service_role=iam.Role.from_role_name(stack, "Service", "vmimport"),
        )

    found = synthesise(build)
    assert not found.of_type("AWS::S3::Bucket")
    variables = found.function("ImportStepsStartTask")["Environment"]["Variables"]
    assert variables["VMIE_SERVICE_ROLE_NAME"] == "vmimport"
    for half, bucket in (("Import", "images-of-ours"), ("Export", "exports-of-ours")):
        validate = found.function(f"{half}StepsValidateRequest")["Environment"]["Variables"]
        assert validate["VMIE_BUCKET"] == bucket
    allowed = found.allowed("ImportStepsStartTask")
    assert allowed["iam:PassRole"] == ["arn:<AWS::Partition>:iam::<AWS::AccountId>:role/vmimport"]
    services = {
        statement["Principal"].get("Service")
        for role in found.of_type("AWS::IAM::Role").values()
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    }
    assert services == {"lambda.amazonaws.com", "states.amazonaws.com"}


@pytest.mark.parametrize("known", [True, False], ids=["by name", "of the app"])
def test_one_bucket_for_imports_and_exports_is_refused(known: bool) -> None:
    stack = cdk.Stack()

    def bucket(construct_id: str) -> s3.IBucket:
        return s3.Bucket.from_bucket_name(stack, construct_id, "disks-of-ours")

    made = s3.Bucket(stack, "Made", object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED)
    images, exports = (bucket("Images"), bucket("Exports")) if known else (made, made)
    named = "disks-of-ours" if known else "Default/Made"
    with pytest.raises(ValueError, match=f"both {named}: .* Give exports a bucket of their own"):
        VmImportExport(stack, "Vmie", import_bucket=images, export_bucket=exports)


def test_two_buckets_of_the_app_are_taken_although_neither_name_is_known() -> None:
    def build(stack: cdk.Stack) -> None:
        preferred = s3.ObjectOwnership.BUCKET_OWNER_PREFERRED
        images, exports = (s3.Bucket(stack, each, object_ownership=preferred) for each in ("In", "Out"))
        VmImportExport(stack, "Vmie", import_bucket=images, export_bucket=exports)

    assert len(synthesise(build).of_type("AWS::S3::Bucket")) == 2


@pytest.mark.parametrize(("region", "partition"), REGIONS.items())
def test_no_arn_is_of_another_partition(region: str, partition: str) -> None:
    found = synthesise(lambda stack: VmImportExport(stack, "Vmie"), account="111122223333", region=region)
    text = json.dumps(found.template)
    others = [other for other in ("aws", "aws-cn", "aws-us-gov") if other != partition]
    assert not [other for other in others if f'"arn:{other}:' in text]
    assert "amazonaws.com.cn" not in text or partition == "aws-cn"


def test_an_agnostic_template_names_no_partition_region_or_account(default: Synthesised) -> None:
    # The mapping of export services is by Region.
    text = json.dumps({name: part for name, part in default.template.items() if name != "Mappings"})
    for literal in ("arn:aws:", "us-east-1", "eu-west-1", "111122223333"):
        assert literal not in text


def test_what_holds_data_keeps_its_id_because_a_new_id_replaces_it(default: Synthesised) -> None:
    for resource_type, name in {
        "AWS::S3::Bucket": "VmieImportBucket7FEE7CA4",
        "AWS::DynamoDB::GlobalTable": "VmieImportRequestsTableA2553C0B",
        "AWS::SNS::Topic": "VmieImportResultsTopic668C8B0B",
        "AWS::SSM::Parameter": "VmieImportReconcilerPause7DD9E755",
        "AWS::StepFunctions::StateMachine": "VmieImportStateMachineEFB15D78",
        "Custom::VmieDrain": "VmieImportDrain4BA26B46",
    }.items():
        assert default.name_of(resource_type, "VmieImport") == name


@pytest.mark.parametrize("region", [None, "cn-north-1"])
def test_cfn_lint_has_nothing_to_say(region: str | None, tmp_path: Path) -> None:
    app = cdk.App(context=FLAGS, outdir=str(tmp_path))
    account = "111122223333" if region else None
    VmImportExport(cdk.Stack(app, "Stack", env=cdk.Environment(account=account, region=region)), "Vmie")
    app.synth()
    template = (tmp_path / "Stack.template.json").read_text()
    found = cfnlint.api.lint(template, regions=[region or "eu-west-1"])
    # W3005: the CDK writes dependencies down that references imply already.
    assert [str(match) for match in found if match.rule.id != "W3005"] == []


def test_cfn_lint_is_awake() -> None:
    broken = json.dumps(
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}}}}
    )
    assert [match.rule.id for match in cfnlint.api.lint(broken, regions=["eu-west-1"])]
