"""The pages on licences and checks say what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from vmie_runtime.checks import REQUIRED_ACTIONS, Allowed
from vmie_runtime.checks.mentions import Subject
from vmie_runtime.diagnosis.catalogue import BY_CODE
from vmie_runtime.request_documents import parse_file
from vmie_runtime.request_documents.documented import LINUX_USAGE, WINDOWS_USAGE

_ROOT = Path(__file__).resolve().parents[4]
_LICENCES = (_ROOT / "docs/licences.md").read_text(encoding="utf-8")
_CHECKS = (_ROOT / "docs/account-checks.md").read_text(encoding="utf-8")


def _codes_given() -> set[str]:
    return {
        keyword.value.value
        for path in (_ROOT / "lambda/vmie_runtime/checks").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Advice"
        for keyword in node.keywords
        if keyword.arg == "code"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }


def test_every_piece_of_advice_is_on_a_page() -> None:
    given = _codes_given()
    assert len(given) > 8
    assert {code for code in given if f"| `{code}` |" not in _LICENCES + _CHECKS} == set()


def test_every_setting_belongs_to_a_subject() -> None:
    used = {subject.entries for subject in Subject}
    assert set(Allowed.__dataclass_fields__) == used - {""}


@pytest.mark.parametrize("page", [_LICENCES, _CHECKS])
def test_the_codes_of_rejections_have_rows(page: str) -> None:
    linked = re.findall(r"\[(\w+)\]\(errors\.md#(\w+)\)", page)
    assert all(code in BY_CODE and anchor == code.lower() for code, anchor in linked)
    named = re.findall(r"\b\w+(?:NotAllowed|Required|Inactive|Mismatch|Ended|NotInRegion|NotEnabled)\b", page)
    assert named and set(named) <= BY_CODE.keys()


def test_every_action_is_on_the_page() -> None:
    assert all(f"`{action}`" in _CHECKS for action in REQUIRED_ACTIONS)


def test_every_usage_operation_is_on_the_page() -> None:
    assert re.findall(r"^\| `(RunInstances\S*)` \|", _LICENCES, re.MULTILINE) == [
        *WINDOWS_USAGE,
        *LINUX_USAGE[:1],
        *sorted(LINUX_USAGE[1:]),
    ]


def test_the_pages_request_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", _LICENCES, re.DOTALL)
    (entry,) = parse_file(example.encode()).entries
    assert entry.rejection is None
    assert entry.document is not None
    assert entry.document.parameters["UsageOperation"] == "RunInstances:0006"
