from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.unit.constructs.synthesis import Synthesised, synthesise
from tests.unit.constructs.test_nag import examine
from vmie_constructs import VmImportRole
from vmie_constructs.allowed import Allowed
from vmie_constructs.runtime_function import RuntimeFunction
from vmie_runtime.checks.allowed import Allowed as AllowedAtRunTime
from vmie_runtime.checks.allowed import permits

LICENSE = "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:lic-0123456789abcdef"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"


def everything(stack: cdk.Stack) -> Allowed:
    return Allowed(
        allowed_source_buckets=[s3.Bucket.from_bucket_name(stack, "Images", "images-of-ours")],
        allowed_kms_keys=[kms.Key.from_key_arn(stack, "Key", KEY)],
        allowed_service_roles=[iam.Role.from_role_name(stack, "Role", "vmimport")],
        allowed_license_configurations=[LICENSE],
        allowed_availability_zones=["eu-west-1a", "euw1-az2"],
        allowed_subnets=["subnet-0123456789abcdef0"],
        allowed_security_groups=["sg-0123456789abcdef0", "web servers"],
        allowed_instances=["i-0123456789abcdef0", "i-0abc*"],
        allowed_snapshots=["snap-0123456789abcdef0"],
        allowed_images=["*"],
        allowed_import_tasks=["import-ami-0123456789abcdef0", "import-snap-*"],
    )


def rendered(build: Callable[[cdk.Stack], Allowed]) -> str:
    def output(stack: cdk.Stack) -> None:
        cdk.CfnOutput(stack, "Allowed", value=build(stack).to_json(stack))
        kms.Key(stack, "Unrelated")  # a template needs a resource

    value = synthesise(output, account="111122223333", region="eu-west-1").template["Outputs"]["Allowed"]
    assert isinstance(value["Value"], str)
    return value["Value"]


def test_the_settings_are_rendered_as_the_runtime_reads_them() -> None:
    read = AllowedAtRunTime.from_json(rendered(everything))
    assert read == AllowedAtRunTime(
        source_buckets=("images-of-ours",),
        kms_keys=(KEY,),
        role_names=("vmimport",),
        license_configurations=(LICENSE,),
        availability_zones=("eu-west-1a", "euw1-az2"),
        subnets=("subnet-0123456789abcdef0",),
        security_groups=("sg-0123456789abcdef0", "web servers"),
        instances=("i-0123456789abcdef0", "i-0abc*"),
        snapshots=("snap-0123456789abcdef0",),
        images=("*",),
        import_tasks=("import-ami-0123456789abcdef0", "import-snap-*"),
    )
    assert permits(read.instances, "i-0abcdef") and not permits(read.instances, "i-0bbb")


def test_nothing_is_allowed_by_default() -> None:
    assert AllowedAtRunTime.from_json(rendered(lambda _: Allowed())) == AllowedAtRunTime()


def test_what_is_known_at_deployment_only_is_rendered_by_reference() -> None:
    def build(stack: cdk.Stack) -> None:
        instance = ec2.CfnInstance(stack, "Instance", image_id="ami-0123456789abcdef0")
        allowed = Allowed(
            allowed_source_buckets=[s3.Bucket(stack, "Bucket")], allowed_instances=[instance.ref]
        )
        cdk.CfnOutput(stack, "Allowed", value=allowed.to_json(stack))

    found = synthesise(build)
    _, parts = found.template["Outputs"]["Allowed"]["Value"]["Fn::Join"]
    deployed = "".join(part if isinstance(part, str) else "deployed" for part in parts)
    assert json.loads(deployed) == {"SourceBuckets": ["deployed"], "Instances": ["deployed"]}
    assert {"Ref": found.name_of("AWS::EC2::Instance")} in parts


# What is refused.


@pytest.mark.parametrize(
    ("setting", "entry"),
    [
        ("allowed_license_configurations", "lic-0123456789abcdef"),
        ("allowed_license_configurations", "*"),
        ("allowed_availability_zones", "eu-west-1"),
        ("allowed_availability_zones", "eu-west-1*"),
        ("allowed_subnets", "10.0.0.0/8"),
        ("allowed_security_groups", "web*"),
        ("allowed_instances", "ami-0123456789abcdef0"),
        ("allowed_instances", "i-*0"),
        ("allowed_instances", "*0"),
        ("allowed_instances", "i-0123456789ABCDEF0"),
        ("allowed_snapshots", "i-0*"),
        ("allowed_snapshots", "snap-0/*"),
        ("allowed_images", "my-image"),
        ("allowed_import_tasks", "export-ami-0123456789abcdef0"),
    ],
)
def test_an_entry_that_cannot_match_as_meant_is_refused_by_its_setting(setting: str, entry: str) -> None:
    with pytest.raises(ValueError, match=f"^{setting} holds {re.escape(repr(entry))}: .* looks like"):
        Allowed(**{setting: [entry]})


@pytest.mark.parametrize(
    ("setting", "entry"),
    [
        ("allowed_availability_zones", "us-west-2-lax-1a"),
        ("allowed_availability_zones", "usw2-lax1-az1"),
        ("allowed_availability_zones", "us-east-1-wl1-bos-wlz-1"),
        ("allowed_availability_zones", "use1-wl1-bos-wlz1"),
        ("allowed_license_configurations", LICENSE.replace(":aws:", ":aws-us-gov:")),
        ("allowed_security_groups", "sg-0*"),
        ("allowed_instances", "i-12345678"),
        ("allowed_instances", "i-*"),
        ("allowed_import_tasks", "import-snap-2b608c5f4fbcc276t"),
        ("allowed_import_tasks", "import-i-fgabcdef"),
        ("allowed_import_tasks", "*"),
    ],
)
def test_an_entry_of_the_right_form_is_taken(setting: str, entry: str) -> None:
    assert getattr(Allowed(**{setting: [entry]}), setting) == [entry]


def test_a_text_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(TypeError, match=r"allowed_instances is the text 'i-0a\*'; give a list: \['i-0a\*'\]"):
        Allowed(allowed_instances="i-0a*")


def test_a_list_that_is_known_at_deployment_only_is_refused() -> None:
    parameter = cdk.CfnParameter(cdk.Stack(), "Instances", type="CommaDelimitedList")
    with pytest.raises(ValueError, match="allowed_instances is a list that is known at deployment only"):
        Allowed(allowed_instances=parameter.value_as_list)


@pytest.mark.parametrize(
    ("setting", "entry", "hint"),
    [
        ("allowed_source_buckets", "images-of-ours", "s3.Bucket.from_bucket_name"),
        ("allowed_kms_keys", KEY, "kms.Key.from_key_arn"),
        ("allowed_service_roles", "vmimport", "iam.Role.from_role_name"),
    ],
)
def test_a_name_in_place_of_a_construct_is_refused(setting: str, entry: str, hint: str) -> None:
    with pytest.raises(
        TypeError, match=f"{setting} holds the text {entry!r}; give constructs, such as {hint}"
    ):
        Allowed(**{setting: [entry]})


def test_a_star_in_the_name_of_a_role_or_key_is_refused() -> None:
    stack = cdk.Stack()
    with pytest.raises(ValueError, match=r"allowed_service_roles holds 'vm\*'"):
        Allowed(allowed_service_roles=[iam.Role.from_role_name(stack, "Role", "vm*")])
    with pytest.raises(ValueError, match="allowed_kms_keys holds"):
        every = KEY.rpartition("/")[0] + "/*"
        Allowed(allowed_kms_keys=[kms.Key.from_key_arn(stack, "Key", every)])


def test_a_source_bucket_of_another_region_is_refused() -> None:
    stack = cdk.Stack(env=cdk.Environment(account="111122223333", region="eu-west-1"))
    elsewhere = s3.Bucket.from_bucket_attributes(
        stack, "Elsewhere", bucket_name="images-of-ours", region="us-east-1"
    )
    with pytest.raises(ValueError, match=r"allowed_source_buckets holds the bucket .* of us-east-1 and"):
        Allowed(allowed_source_buckets=[elsewhere]).to_json(stack)


def test_more_than_a_function_can_be_told_is_refused() -> None:
    many = Allowed(allowed_instances=[f"i-{number:017x}" for number in range(200)])
    with pytest.raises(ValueError, match=r"allowed_\* settings are \d+ bytes .* 3072"):
        many.to_json(cdk.Stack())


# What is granted.


def with_function(build: Callable[[cdk.Stack, RuntimeFunction], object]) -> Synthesised:
    def stack_with_function(stack: cdk.Stack) -> None:
        build(stack, runtime_function(stack))

    return synthesise(stack_with_function)


def runtime_function(stack: cdk.Stack) -> RuntimeFunction:
    return RuntimeFunction(
        stack,
        "Step",
        handler="steps.validate_request",
        description="Under test",
        lost_event_reason="The state machine waits.",
    )


def allowed_to(found: Synthesised, *services: str) -> dict[str, list[Any]]:
    return {
        action: on for action, on in found.allowed("StepRole").items() if action.split(":")[0] in services
    }


def test_a_function_reads_the_source_buckets_and_no_other() -> None:
    found = with_function(lambda stack, function: everything(stack).allow_reading_sources(function))
    bucket = "arn:<AWS::Partition>:s3:::images-of-ours"
    assert allowed_to(found, "s3") == {"s3:GetObject": [f"{bucket}/*"], "s3:ListBucket": [bucket]}


def test_a_function_decrypts_what_an_encrypted_source_bucket_holds() -> None:
    def build(stack: cdk.Stack, function: RuntimeFunction) -> None:
        bucket = s3.Bucket(stack, "Bucket", encryption_key=kms.Key(stack, "Key"))
        Allowed(allowed_source_buckets=[bucket]).allow_reading_sources(function)

    found = with_function(build)
    assert allowed_to(found, "kms") == {"kms:Decrypt": [f"<{found.name_of('AWS::KMS::Key')}.Arn>"]}


def test_a_function_checks_the_keys_and_uses_none() -> None:
    found = with_function(lambda stack, function: everything(stack).allow_checking_keys(function))
    assert allowed_to(found, "kms") == {"kms:DescribeKey": [KEY], "kms:GetKeyPolicy": [KEY]}


def test_a_function_passes_the_service_roles_and_no_other() -> None:
    found = with_function(lambda stack, function: everything(stack).allow_passing_roles(function))
    assert allowed_to(found, "iam") == {
        "iam:PassRole": ["arn:<AWS::Partition>:iam::<AWS::AccountId>:role/vmimport"]
    }


def test_a_function_examines_the_service_roles_and_no_other() -> None:
    found = with_function(lambda stack, function: everything(stack).allow_examining_roles(function))
    role = ["arn:<AWS::Partition>:iam::<AWS::AccountId>:role/vmimport"]
    assert allowed_to(found, "iam") == {"iam:GetRole": role, "iam:SimulatePrincipalPolicy": role}


def test_nothing_allowed_grants_nothing() -> None:
    def build(stack: cdk.Stack, function: RuntimeFunction) -> None:
        nothing = Allowed()
        nothing.grant_service_role(VmImportRole(stack, "Service"))
        nothing.allow_reading_sources(function)
        nothing.allow_checking_keys(function)
        nothing.allow_passing_roles(function)
        nothing.allow_examining_roles(function)

    found = with_function(build)
    assert allowed_to(found, "s3", "kms", "iam") == {}
    assert not [action for action in found.allowed("ServiceRole") if not action.startswith("ec2:")]


def test_the_service_role_reads_the_buckets_and_uses_the_keys_and_licences() -> None:
    def build(stack: cdk.Stack) -> None:
        everything(stack).grant_service_role(VmImportRole(stack, "Service"))

    allowed = synthesise(build).allowed("ServiceRole")
    bucket = "arn:<AWS::Partition>:s3:::images-of-ours"
    assert allowed["s3:GetObject"] == [f"{bucket}/*"]
    assert allowed["kms:CreateGrant"] == [KEY]
    assert allowed["license-manager:GetLicenseConfiguration"] == [LICENSE]


def test_nothing_is_open_or_acknowledged_in_vain(tmp_path: Path) -> None:
    def build(stack: cdk.Stack) -> None:
        function, allowed = runtime_function(stack), everything(stack)
        allowed.grant_service_role(VmImportRole(stack, "Service"))
        allowed.allow_reading_sources(function)
        allowed.allow_checking_keys(function)
        allowed.allow_passing_roles(function)
        allowed.allow_examining_roles(function)

    report = examine(build, tmp_path, region="eu-west-1")
    assert report.open == set()
    assert report.acknowledged - report.used == set()


# The page about it.

PAGE = (Path(__file__).parents[3] / "docs" / "allowed.md").read_text()


def test_the_page_has_every_setting_and_no_other() -> None:
    rows = "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `allowed_"))
    assert set(re.findall(r"allowed_\w+", rows)) == {each.name for each in fields(Allowed)}


def test_the_example_of_the_page_is_taken_and_allows_what_it_names() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = compile(example, "allowed.md", "exec")
    found = synthesise(
        lambda stack: exec(code, {"stack": stack}),  # noqa: S102 - our own page
        account="111122223333",
        region="eu-west-1",
    )
    variables = found.function("ImportStepsValidateRequest")["Environment"]["Variables"]
    read = AllowedAtRunTime.from_json(variables["VMIE_ALLOWED"])
    assert read.source_buckets == ("archived-disks",)
    assert permits(read.snapshots, "snap-0abcdef0123456789")
