"""The page on exports can be followed as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from vmie_runtime.request_documents import parse_start

PAGE = (Path(__file__).resolve().parents[3] / "docs/exports.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_synthesises() -> None:
    example, alarms = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    before, synthesis, _ = example.partition("app.synth()")

    names: dict[str, Any] = {}
    exec(compile(before + alarms + "template = " + synthesis, "exports.md", "exec"), names)  # noqa: S102

    (stack,) = names["template"].stacks
    watched = [
        json.dumps(resource["Properties"]["Dimensions"])
        for resource in stack.template["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert sorted("StartDeadLetterQueue" in each for each in watched) == [False, True]


def test_the_requests_of_the_page_are_requests() -> None:
    documents = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    requests = [document for document in documents if "Status" not in document]

    assert [parse_start(request).operation for request in requests] == ["CreateInstanceExportTask"]
