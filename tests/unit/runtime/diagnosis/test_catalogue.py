"""The catalogue's rows, as data."""

from __future__ import annotations

import ast
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts import generate_docs
from scripts.generate_docs import ROOT, errors_page, stale_pages
from vmie_runtime.diagnosis import Category, links, own_failure
from vmie_runtime.diagnosis.catalogue import (
    BY_AWS_CODE,
    BY_CODE,
    FALLBACKS,
    MEANINGS,
    SAID_BY_AWS,
    TASK_ENDS,
    UNKNOWN_CALL_ERROR,
    UNKNOWN_TASK_ERROR,
)
from vmie_runtime.diagnosis.matching import matches
from vmie_runtime.diagnosis.model import Meaning

_KNOWN_TEXTS = [
    pytest.param(meaning, text, id=f"{meaning.code}-{number}")
    for meaning in (*SAID_BY_AWS, *TASK_ENDS)
    for number, text in enumerate(meaning.texts)
]
_RAISED = re.compile(r"^(?:own_failure|Request(?:Failure|Rejected))$")


def test_codes_are_unique_and_pascal_case() -> None:
    codes = [meaning.code for meaning in MEANINGS]
    assert sorted(codes) == sorted(set(codes))
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]+", code) for code in codes)


@pytest.mark.parametrize(("meaning", "text"), _KNOWN_TEXTS)
def test_a_text_is_known_to_its_own_row_alone(meaning: Meaning, text: str) -> None:
    assert [row.code for row, _ in matches(text, (*SAID_BY_AWS, *TASK_ENDS))] == [meaning.code]


@pytest.mark.parametrize("meaning", FALLBACKS, ids=lambda meaning: meaning.code)
def test_a_subject_is_asked_for_only_where_no_text_is_known(meaning: Meaning) -> None:
    assert meaning.texts
    for text in meaning.texts:
        assert not list(matches(text, (*SAID_BY_AWS, *TASK_ENDS)))
        assert [row.code for row, _ in matches(text, FALLBACKS)] == [meaning.code]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.code)
def test_a_pattern_and_its_sample_texts_come_together(meaning: Meaning) -> None:
    assert bool(meaning.pattern) == bool(meaning.texts)


def test_an_aws_code_belongs_to_one_row() -> None:
    assert len(BY_AWS_CODE) == sum(len(meaning.aws_codes) for meaning in MEANINGS)


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.code)
def test_cause_and_remedy_are_sentences(meaning: Meaning) -> None:
    for words in (meaning.cause, meaning.remedy, meaning.found or "None."):
        assert words[0].isupper() or words.startswith("`")
        assert words.endswith((".", "`"))
        assert "  " not in words


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.code)
def test_a_link_leads_to_aws(meaning: Meaning) -> None:
    if meaning.documentation:
        link = urlsplit(meaning.documentation)
        assert link.scheme == "https"
        assert link.netloc in ("docs.aws.amazon.com", "health.aws.amazon.com")
        assert link.path.endswith((".html", "/status"))


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning.code)
def test_what_was_found_is_filled_by_the_pattern_or_by_a_caller(meaning: Meaning) -> None:
    wanted = {name for _, name, _, _ in string.Formatter().parse(meaning.found) if name}
    offered = {*re.compile(meaning.pattern).groupindex, "operation", "code"}
    assert not meaning.pattern or wanted <= offered


def test_a_link_of_our_own_is_a_heading_of_the_page() -> None:
    page = errors_page()
    for code in BY_CODE:
        name, anchor = (own_failure(code, "x").documentation + "#").split("#")[:2]
        if name == "docs/errors.md":
            assert f"\n### {next(one for one in BY_CODE if one.lower() == anchor)}\n" in page


def test_the_page_of_errors_has_every_code_once() -> None:
    headings = re.findall(r"^### (\w+)$", errors_page(), re.MULTILINE)
    assert sorted(headings) == sorted(BY_CODE)


def test_the_pages_in_docs_are_what_the_tables_say() -> None:
    assert stale_pages() == [], "run python scripts/generate_docs.py"


def test_a_stale_page_is_told_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "app.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(generate_docs, "ROOT", tmp_path)
    assert generate_docs.main(["--check"]) == 1
    assert generate_docs.main([]) == 0
    assert (tmp_path / "docs/errors.md").read_text(encoding="utf-8") == errors_page()
    assert generate_docs.main(["--check"]) == 0


def test_every_code_that_the_runtime_raises_has_a_row() -> None:
    raised = {
        (code, path.name)
        for path in (ROOT / "lambda/vmie_runtime").rglob("*.py")
        if "diagnosis" not in path.parts
        for code in _codes_raised(path)
    }
    assert raised, "nothing found: the runtime raises by other names now"
    assert sorted(one for one in raised if one[0] not in BY_CODE) == []


def test_every_row_of_our_own_is_raised() -> None:
    """A row that neither AWS's words nor the runtime lead to is a leftover."""
    texts = {
        node.value
        for path in (ROOT / "lambda/vmie_runtime").rglob("*.py")
        if "catalogue" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    own = {meaning.code for meaning in MEANINGS if not meaning.texts and not meaning.aws_codes}
    assert sorted(own - texts - {UNKNOWN_CALL_ERROR.code, UNKNOWN_TASK_ERROR.code}) == []


def test_links_of_our_own_become_absolute_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "PROJECT", "https://git.example/vmie/")
    assert own_failure("TaskLost", "x").documentation == "https://git.example/vmie/docs/errors.md#tasklost"
    assert links.finding_page("DualBoot") == "https://git.example/vmie/docs/findings.md#dualboot"


def test_a_code_without_a_row_still_reaches_the_person() -> None:
    diagnosis = own_failure("SomethingNew", "It broke.")
    assert (diagnosis.code, diagnosis.message, diagnosis.category) == (
        "SomethingNew",
        "It broke.",
        Category.UNKNOWN,
    )
    assert diagnosis.documentation == "docs/errors.md#internalerror"


def test_facts_of_the_caller_are_named() -> None:
    diagnosis = own_failure("TaskStalled", "Stood still.", phase="booting", duration="4 hours", other=None)
    assert diagnosis.cause.endswith("It stood at booting for 4 hours.")
    assert "stood at" not in own_failure("TaskStalled", "Stood still.", phase="booting").cause


def test_importing_the_diagnosis_loads_no_client_library() -> None:
    source = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'lambda')!r}); import vmie_runtime.diagnosis; "
        "print([name for name in sys.modules if name.split('.')[0] in ('boto3', 'botocore', 'aws_cdk')])"
    )
    answer = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def _codes_raised(path: Path) -> set[str]:
    codes = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and _RAISED.match(node.func.id)
            and node.args
        ):
            values = [node.args[0]]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "Code"]
        else:
            continue
        codes |= {
            value.value
            for value in values
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        }
    return codes
