"""The pages: no dead link, no page that nothing leads to, and nothing named that is not there."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from botocore import xform_name
from botocore.session import get_session

from app_settings import AppSettings, context_key
from vmie_constructs import VmImportExport

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Of every command, and of those that list or wait (AWS CLI user guide).
_GLOBAL_FLAGS = {
    "region",
    "query",
    "output",
    "endpoint-url",
    "max-items",
    "cli-input-json",
    "generate-cli-skeleton",
}
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Where a page leads within the project: a file, and the anchor in it or an empty text."""
    for target in _LINK.findall(_FENCED.sub("", text_of(page))):
        path, _, anchor = target.partition("#")
        yield (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", _FENCED.sub("", text_of(page)), re.MULTILINE):
        plain = re.sub(r"\[(.+?)\]\(.+?\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def blocks(page: Path, language: str) -> list[str]:
    return [code for found, code in _FENCED.findall(text_of(page)) if found == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = [
        (str(path), anchor)
        for path, anchor in links(page)
        if not path.exists() or (anchor and anchor not in anchors(path))
    ]
    assert dead == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, open_ends = {README}, [README]
    while open_ends:
        for path, _ in links(open_ends.pop()):
            if path.suffix == ".md" and path not in reached:
                reached.add(path)
                open_ends.append(path)
    assert {str(page.relative_to(ROOT)) for page in PAGES if page not in reached} == set()


def test_every_example_is_reached_from_the_readme_or_a_page() -> None:
    linked = {path for page in PAGES for path, _ in links(page)}
    examples = {path for path in (ROOT / "examples").glob("*/*") if path.name != "cdk.json"}
    used = " ".join(text_of(page) for page in PAGES)
    missed = {str(each.relative_to(ROOT)) for each in examples if each not in linked}
    assert {each for each in missed if each not in used} == set()


def test_every_make_target_that_is_named_exists() -> None:
    known = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([a-z]+)", text_of(page), re.MULTILINE)
    }
    assert named
    assert named - known == set()


def test_every_context_key_that_is_named_exists() -> None:
    known = {context_key(setting) for setting in fields(AppSettings)}
    # Keys are in camel case; the pipeline's tags, which begin alike, are not.
    named = {key for page in PAGES for key in re.findall(r"vmie:[a-z]+[A-Z]\w*", text_of(page))}
    assert named
    assert named - known == set()


def test_every_allowance_that_is_named_is_an_argument() -> None:
    known = set(inspect.signature(VmImportExport.__init__).parameters)
    # The page of errors also has those of settings that are to come.
    pages = [page for page in PAGES if page.name != "errors.md"]
    named = {word for page in pages for word in re.findall(r"`(allowed_\w+)`", text_of(page))}
    assert named
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_json_block_is_json(page: Path) -> None:
    for block in blocks(page, "json"):
        json.loads(block)


def aws_commands(page: Path) -> Iterator[tuple[str, str, set[str]]]:
    """The AWS CLI's commands of a page: service, operation and the flags that are given."""
    text = text_of(page).replace("\\\n", " ")
    lines = [line for _, block in _FENCED.findall(text) for line in block.splitlines()]
    lines += re.findall(r"`(aws [^`]+)`", _FENCED.sub("", text))
    for line in lines:
        for command in re.findall(r"(?:^|[|&(] ?)(aws [^|&)]+)", line.partition(" # ")[0]):
            named = re.match(r"aws ([a-z0-9]+) ([a-z-]+)", command)
            # Quoted texts may hold anything.
            flags = set(re.findall(r" --([a-z-]+)", re.sub(r"'[^']*'|\"[^\"]*\"", "''", command)))
            if named:
                yield named[1], named[2], flags


def test_every_command_of_the_aws_cli_and_its_flags_exist() -> None:
    session = get_session()
    # The commands that are not of the API's making.
    copying = {"recursive", "storage-class", "force-glacier-transfer"}
    known = {("s3", name): copying for name in ("cp", "ls", "mv", "presign", "rm", "sync")} | {
        ("ec2", "wait"): {"image-ids", "instance-ids", "snapshot-ids"}
    }
    wrong: set[str] = set()
    for page in PAGES:
        for service, operation, flags in aws_commands(page):
            if (service, operation) not in known:
                model = session.get_service_model("s3" if service == "s3api" else service)
                for name in model.operation_names:
                    shape = model.operation_model(name).input_shape
                    members = {xform_name(member, "-") for member in (shape.members if shape else {})}
                    known[service, xform_name(name, "-")] = members
            if (service, operation) not in known:
                wrong.add(f"{page.name}: aws {service} {operation}")
            elif unknown := flags - known[service, operation] - _GLOBAL_FLAGS:
                wrong.add(f"{page.name}: aws {service} {operation} {' '.join(sorted(unknown))}")
    assert wrong == set()


def test_the_readmes_first_example_is_an_app() -> None:
    known: dict[str, Any] = {}
    exec(compile(blocks(README, "python")[0], "README.md", "exec"), known)  # noqa: S102 - our own page
    assert isinstance(known["vmie"], VmImportExport)


def test_the_examples_of_a_larger_stack_are_taken() -> None:
    stack = cdk.Stack()
    known: dict[str, Any] = {
        "VmImportExport": VmImportExport,
        "stack": stack,
        "targets": targets,
        "publish": lambda_.Function.from_function_arn(
            stack, "Publish", "arn:aws:lambda:eu-west-1:111122223333:function:publish"
        ),
    }
    for name in ("builder_role", "exit_plan_role"):
        known[name] = iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal())
    (fleet_alarm,) = blocks(ROOT / "docs" / "fleets.md", "python")
    exec(compile(blocks(README, "python")[1] + fleet_alarm, "README.md", "exec"), known)  # noqa: S102
    assert known["vmie"].node.id == "Golden"


def test_the_example_of_exports_is_an_app() -> None:
    example = "".join(blocks(ROOT / "docs" / "exports.md", "python"))
    exec(compile(example.replace("app.synth()", ""), "exports.md", "exec"), {})  # noqa: S102
