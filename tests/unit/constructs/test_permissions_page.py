"""The page on permissions and the README's counts, held against the templates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.unit.constructs.synthesis import ROOT, Synthesised, as_list, synthesise
from vmie_constructs import VmImportExport

PAGE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
_ACTION = re.compile(r"`((?!aws:|sts:ExternalId)[a-z0-9-]+:[A-Z]\w+\*?)`")
_BOTH = (
    "AwaitAdmission",
    "ValidateRequest",
    "StartTask",
    "PollTask",
    "FinishRequest",
    "DiagnoseFailure",
    "CleanUp",
    "RecordResult",
    "Intake",
    "Reconciler",
    "Drain",
)
EVERY = [*((kind, name) for kind in ("Import", "Export") for name in _BOTH), ("Import", "InspectImage")]


@pytest.fixture(scope="module")
def generous() -> Synthesised:
    """A stack whose owner allows requests to name everything."""
    return synthesise(_everything_allowed)


def _everything_allowed(stack: cdk.Stack) -> None:
    licence = "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:lic-0"
    VmImportExport(
        stack,
        "Vmie",
        allowed_source_buckets=[s3.Bucket.from_bucket_name(stack, "Theirs", "disks-of-others")],
        allowed_kms_keys=[kms.Key(stack, "Key")],
        allowed_service_roles=[iam.Role.from_role_name(stack, "Role", "vmimport")],
        allowed_license_configurations=[licence],
        allowed_availability_zones=["eu-west-1a"],
        allowed_instances=["i-0"],
        allowed_images=["ami-0"],
        allowed_snapshots=["snap-0"],
        allowed_import_tasks=["import-ami-0", "import-snap-0"],
    )


def rows(kind: str) -> Iterator[tuple[list[str], str]]:
    """Who may, and what, of the page's tables of functions that hold for a workflow."""
    functions = PAGE.partition("## The functions")[2].partition("### With keys of yours")[0]
    general, _, rest = functions.partition("### Of an import")
    imports, _, exports = rest.partition("### Of an export")
    who: list[str] = []
    for line in (general + (imports if kind == "Import" else exports)).splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 5 or cells[1] in ("Function", "---"):
            continue
        who = cells[1].split(", ") if cells[1] else who
        yield who, cells[2]


def documented(kind: str, function: str) -> set[str]:
    """The actions that the page gives a function."""
    found: set[str] = set()
    for who, may in rows(kind):
        names = {"".join(word.title() for word in each.removeprefix("all but ").split()) for each in who}
        meant = function in names or who == ["every one"]
        if who[0].startswith("all but "):
            meant = function not in names
        if meant and may == "what Clean up may":
            found |= documented(kind, "CleanUp")
        elif meant:
            found |= set(_ACTION.findall(may))
    return found


def granted(found: Synthesised, kind: str, function: str) -> set[str]:
    part = f"Vmie{kind}Steps{function}Role"
    if function in ("Intake", "Reconciler", "Drain"):
        part = f"Vmie{kind}{function}FunctionRole"
    return set(found.allowed(part))


@pytest.mark.parametrize(("kind", "function"), EVERY)
def test_the_page_gives_each_function_what_it_may_and_nothing_else(
    generous: Synthesised, kind: str, function: str
) -> None:
    # Access to a key of the bucket, table or queue has a paragraph of its own, and is not in this stack.
    assert documented(kind, function) == granted(generous, kind, function)


def test_the_page_gives_the_service_role_what_it_may(generous: Synthesised) -> None:
    section = PAGE.partition("## The service role")[2].partition("## The functions")[0]
    spelled_out = re.compile(r"kms:(GenerateDataKey|ReEncrypt)\w*")
    may = set(generous.allowed("VmieServiceRole"))
    assert set(_ACTION.findall(section)) == {each for each in may if not spelled_out.fullmatch(each)}


def test_every_wildcard_on_everything_has_its_reason_on_the_page(generous: Synthesised) -> None:
    reasons = PAGE.partition("## Wildcards, and why")[2]
    named = set(_ACTION.findall(reasons))
    for name, statement in generous.every_statement():
        if "*" not in as_list(statement["Resource"]) or "ServiceRole" in name:
            continue
        for action in as_list(statement["Action"]):
            assert action in named or action.startswith("ec2:Describe"), (name, action)


def test_the_readme_counts_what_the_stack_has(default: Synthesised) -> None:
    types: Counter[Any] = Counter(each["Type"] for each in default.template["Resources"].values())
    created = README.partition("**Creates**: ")[2].partition("\n")[0]
    counted = {
        what: int(number) for number, what in re.findall(r"(?<![\d.])(\d+) ([\w ]+?)(?= \(|,)", created)
    }
    assert counted == {
        "S3 buckets": types["AWS::S3::Bucket"],
        "SQS queues": types["AWS::SQS::Queue"],
        "Lambda functions": types["AWS::Lambda::Function"],
        "Standard state machines": types["AWS::StepFunctions::StateMachine"],
        "EventBridge rules": types["AWS::Events::Rule"],
        "SSM parameters": types["AWS::SSM::Parameter"],
    }
    assert types["AWS::SNS::Topic"] == types["AWS::DynamoDB::GlobalTable"] == 1
