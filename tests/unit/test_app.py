from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest

import app as deployable
from app import VmImportExportStack
from app_settings import AppSettings, SettingsError, context_key
from tests.unit.constructs.synthesis import FLAGS, ROOT, Synthesised, flat

MACHINE, FUNCTION = "AWS::StepFunctions::StateMachine", "AWS::Lambda::Function"


def synthesise(**settings: Any) -> Synthesised:
    root = cdk.App(context=FLAGS)
    stack = VmImportExportStack(root, AppSettings(**settings))
    return Synthesised(root.synth().get_stack_by_name(stack.stack_name).template)


LICENCE = "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:lic-0123456789abcdef"


@pytest.fixture(scope="module")
def default() -> Synthesised:
    return synthesise()


def table() -> dict[str, str]:
    """The keys of the docstring's table with their defaults."""
    rows = re.findall(r"^\| `(vmie:\w+)` \| [^|]+ \| ([^|]+) \|$", deployable.__doc__ or "", re.MULTILINE)
    return {key: default.strip("`") for key, default in rows}


def test_the_stacks_outputs_name_what_its_users_touch(default: Synthesised) -> None:
    outputs = {name: flat(output["Value"]) for name, output in default.template["Outputs"].items()}
    imports, exports = "VmieImport", "VmieExport"
    assert outputs == {
        "ImportBucketName": f"<{default.name_of('AWS::S3::Bucket', imports)}>",
        "ExportBucketName": f"<{default.name_of('AWS::S3::Bucket', exports)}>",
        "VmImportRoleArn": f"<{default.name_of('AWS::IAM::Role', 'VmieServiceRole')}.Arn>",
        "ImportStateMachineArn": f"<{default.name_of(MACHINE, imports)}>",
        "ExportStateMachineArn": f"<{default.name_of(MACHINE, exports)}>",
        "NotificationTopicArn": f"<{default.name_of('AWS::SNS::Topic')}>",
        "PauseParameterName": f"<{default.name_of('AWS::SSM::Parameter', imports)}>",
        "ExportPauseParameterName": f"<{default.name_of('AWS::SSM::Parameter', exports)}>",
        "RequestsTableName": f"<{default.name_of('AWS::DynamoDB::GlobalTable')}>",
    }


def test_the_readme_names_every_output(default: Synthesised) -> None:
    (sentence,) = re.findall(r"outputs (`.+?)\.\n", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(re.findall(r"`(\w+)`", sentence)) == set(default.template["Outputs"])


def test_the_docstrings_table_has_every_setting_and_its_default() -> None:
    settings = {context_key(setting): setting for setting in fields(AppSettings)}
    assert set(table()) == set(settings)
    for key, documented in table().items():
        default = settings[key].default
        if isinstance(default, str | int):
            assert documented.lower() == str(default).lower()


def test_documented_defaults_in_prose_are_those_of_the_constructs(default: Synthesised) -> None:
    documented = table()
    variables = default.function("ImportStepsPollTask")["Environment"]["Variables"]
    assert variables["VMIE_STALL_SECONDS"] == str(int(documented["vmie:stallTimeoutMinutes"]) * 60)
    bucket = default.only("AWS::S3::Bucket", "ImportBucket")
    assert bucket["DeletionPolicy"] == documented["vmie:bucketRemovalPolicy"].capitalize()


def test_every_setting_reaches_the_template() -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"
    found = synthesise(
        stack_name="Migration",
        bucket_encryption_key_arn=key,
        bucket_removal_policy="destroy",
        service_role_name="vmimport",
        max_concurrent_tasks=20,
        deadline_minutes=60,
        stall_timeout_minutes=30,
        license_type="BYOL",
        boot_mode="uefi",
        platform="Linux",
        image_architecture="arm64",
        image_encryption_key_arn=key.replace("0f0f", "1e1e"),
        image_description="nightly",
        image_tags={"team": "web"},
        allowed_source_bucket_names=("images-of-others",),
        allowed_kms_key_arns=(key.replace("0f0f", "3c3c"),),
        allowed_service_role_names=("their-role",),
        allowed_license_configuration_arns=(LICENCE,),
        allowed_availability_zones=("eu-west-1a",),
        allowed_subnets=("subnet-0123456789abcdef0",),
        allowed_security_groups=("sg-0123456789abcdef0",),
        allowed_instances=("i-0123456789abcdef0",),
        allowed_images=("ami-0123456789abcdef0",),
        allowed_snapshots=("snap-0*",),
        allowed_import_tasks=("import-*",),
        notification_topic_arn="arn:aws:sns:eu-west-1:111122223333:ends",
        event_bus_name="ours",
        encryption_key_arn=key.replace("0f0f", "2d2d"),
        python_version="3.13",
        architecture="x86_64",
        log_retention_days=30,
        use_fips_endpoints=True,
    )
    assert found.only("AWS::S3::Bucket", "ImportBucket")["DeletionPolicy"] == "Delete"
    assert "0f0f" in json.dumps(found.only("AWS::S3::Bucket", "ImportBucket"))
    start = found.function("ImportStepsStartTask")
    assert start["Environment"]["Variables"]["VMIE_SERVICE_ROLE_NAME"] == "vmimport"
    assert json.loads(start["Environment"]["Variables"]["VMIE_IMPORT_DEFAULTS"]) == {
        "LicenseType": "BYOL",
        "BootMode": "uefi",
        "Platform": "Linux",
        "Architecture": "arm64",
        "Encrypted": True,
        "KmsKeyId": key.replace("0f0f", "1e1e"),
        "Description": "nightly",
        "Tags": {"team": "web"},
    }
    assert json.loads(flat(start["Environment"]["Variables"]["VMIE_ALLOWED"])) == {
        "SourceBuckets": ["images-of-others"],
        "KmsKeys": [key.replace("0f0f", "3c3c")],
        "RoleNames": ["their-role"],
        "LicenseConfigurations": [LICENCE],
        "AvailabilityZones": ["eu-west-1a"],
        "Subnets": ["subnet-0123456789abcdef0"],
        "SecurityGroups": ["sg-0123456789abcdef0"],
        "Instances": ["i-0123456789abcdef0"],
        "Snapshots": ["snap-0*"],
        "ImportTasks": ["import-*"],
    }
    export = found.function("ExportStepsStartTask")["Environment"]["Variables"]["VMIE_ALLOWED"]
    assert json.loads(flat(export))["Images"] == ["ami-0123456789abcdef0"]
    assert start["Environment"]["Variables"]["AWS_USE_FIPS_ENDPOINT"] == "true"
    assert (start["Runtime"], start["Architectures"]) == ("python3.13", ["x86_64"])
    reconciler = found.function("ImportReconcilerFunction")["Environment"]["Variables"]
    assert reconciler["VMIE_MAX_CONCURRENT_TASKS"] == "20"
    assert reconciler["VMIE_DEADLINE_SECONDS"] == "3600"
    assert reconciler["VMIE_TOPIC_ARN"] == "arn:aws:sns:eu-west-1:111122223333:ends"
    assert reconciler["VMIE_EVENT_BUS"] == "ours"
    assert found.function("ImportStepsPollTask")["Environment"]["Variables"]["VMIE_STALL_SECONDS"] == "1800"
    groups = found.of_type("AWS::Logs::LogGroup").values()
    assert {group["Properties"]["RetentionInDays"] for group in groups} == {30}
    assert all("2d2d" in group["Properties"]["KmsKeyId"] for group in groups)


def test_an_existing_bucket_and_unencrypted_images_can_be_asked_for() -> None:
    found = synthesise(import_bucket_name="images-of-ours", encrypted=False)
    assert not [name for name in found.of_type("AWS::S3::Bucket") if "ImportBucket" in name]
    assert found.template["Outputs"]["ImportBucketName"]["Value"] == "images-of-ours"
    defaults = found.function("ImportStepsStartTask")["Environment"]["Variables"]["VMIE_IMPORT_DEFAULTS"]
    assert json.loads(defaults) == {"Encrypted": False}


def test_access_logs_can_go_to_a_bucket_of_the_owner() -> None:
    found = synthesise(server_access_logs_bucket_name="access-logs-of-ours")
    logging = found.only("AWS::S3::Bucket", "ImportBucket")["Properties"]["LoggingConfiguration"]
    assert logging["DestinationBucketName"] == "access-logs-of-ours"


def test_account_and_region_make_a_concrete_stack() -> None:
    root = cdk.App()
    stack = VmImportExportStack(root, AppSettings(account="111122223333", region="eu-west-1"))
    assert stack.environment == "aws://111122223333/eu-west-1"
    assert VmImportExportStack(cdk.App(), AppSettings()).environment == "aws://unknown-account/unknown-region"


def test_values_are_parsed_as_the_cli_and_as_cdk_json_give_them() -> None:
    of_cli = {
        "vmie:stackName": "Migration",
        "vmie:maxConcurrentTasks": "7",
        "vmie:encrypted": "true",
        "vmie:imageTags": '{"team": "web"}',
        "vmie:logRetentionDays": "30",
    }
    of_file = {
        "vmie:stackName": "Migration",
        "vmie:maxConcurrentTasks": 7,
        "vmie:encrypted": True,
        "vmie:imageTags": {"team": "web"},
        "vmie:logRetentionDays": 30,
        "@aws-cdk/core:checkSecretUsage": True,
    }
    expected = AppSettings(
        stack_name="Migration",
        max_concurrent_tasks=7,
        encrypted=True,
        image_tags={"team": "web"},
        log_retention_days=30,
    )
    assert AppSettings.from_context(of_cli) == AppSettings.from_context(of_file) == expected


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"vmie:maxTasks": "3"}, "vmie:maxTasks is unknown; the nearest is vmie:maxConcurrentTasks"),
        ({"vmie:licencetype": "AWS"}, "vmie:licencetype is unknown; the nearest is vmie:licenseType"),
        ({"vmie:maxConcurrentTasks": "many"}, "vmie:maxConcurrentTasks is 'many'; it takes a whole number"),
        ({"vmie:maxConcurrentTasks": True}, "it takes a whole number"),
        ({"vmie:encrypted": "yes"}, "vmie:encrypted is 'yes'; it takes true or false"),
        ({"vmie:bootMode": "bios"}, "vmie:bootMode is 'bios'; it takes one of legacy-bios, uefi"),
        ({"vmie:logRetentionDays": "100"}, "vmie:logRetentionDays is '100'; it takes one of 1, 3, 5"),
        ({"vmie:imageTags": "team=web"}, "it takes a JSON object of texts"),
        ({"vmie:imageTags": {"size": 3}}, "it takes a JSON object of texts"),
        ({"vmie:stackName": ""}, "vmie:stackName is ''; it takes a text"),
    ],
)
def test_a_wrong_context_is_refused_with_what_the_key_takes(context: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        AppSettings.from_context(context)


def run_app(folder: Path, **context: str) -> subprocess.CompletedProcess[str]:
    given = {**FLAGS, **context}
    environment = {**os.environ, "CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(given)}
    environment.pop("PYTEST_CURRENT_TEST", None)
    environment.pop("PYTEST_VERSION", None)
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_program_synthesises_without_a_word(tmp_path: Path) -> None:
    finished = run_app(tmp_path, **{"vmie:stackName": "Migration"})
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
    assert (tmp_path / "Migration.template.json").is_file()


def test_the_program_refuses_an_unknown_key_by_name(tmp_path: Path) -> None:
    finished = run_app(tmp_path, **{"vmie:maxTasks": "3"})
    assert finished.returncode != 0
    assert finished.stderr == (
        "The context key vmie:maxTasks is unknown; the nearest is vmie:maxConcurrentTasks.\n"
    )


def test_the_cdks_own_schema_findings_are_errors() -> None:
    assert FLAGS["@aws-cdk/core:validateAgainstDefaultRules"] is True


def test_cdk_nags_aws_solutions_have_no_finding_in_the_app(tmp_path: Path) -> None:
    root = cdk.App(context=FLAGS, outdir=str(tmp_path))
    VmImportExportStack(root, AppSettings())
    cdk.Validations.of(root).add_plugins(cdk_nag.AwsSolutionsChecks(root, verbose=True))
    root.synth()
    reports = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    (report,) = (each for each in reports if each["pluginName"] == "AwsSolutions")
    assert report["violations"] == []
    assert report["suppressedViolations"]
