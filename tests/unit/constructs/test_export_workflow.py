"""Exports that events and schedules ask for."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms

from tests.unit.constructs.synthesis import Synthesised, flat, synthesise
from tests.unit.constructs.test_nag import examine
from vmie_constructs import VmImportExport

QUEUE, RULE = "AWS::SQS::Queue", "AWS::Events::Rule"


def asking_by_itself(stack: cdk.Stack) -> VmImportExport:
    vmie = VmImportExport(stack, "Vmie", allowed_images=["*"])
    vmie.export_workflow.on_image_available("EveryImage")
    vmie.export_workflow.on_schedule(
        "Nightly", schedule=events.Schedule.rate(cdk.Duration.days(1)), image_id="ami-0123456789abcdef0"
    )
    return vmie


@pytest.fixture(scope="module")
def made() -> Synthesised:
    return synthesise(asking_by_itself)


@pytest.mark.parametrize("rule", ["EveryImage", "Nightly"])
def test_a_start_that_failed_is_kept_apart_from_what_intake_could_not_take_in(
    made: Synthesised, rule: str
) -> None:
    (target,) = made.only(RULE, rule)["Properties"]["Targets"]
    letters = made.name_of(QUEUE, "StartDeadLetterQueue")

    assert flat(target["DeadLetterConfig"]["Arn"]) == f"<{letters}.Arn>"
    assert made.only(QUEUE, "StartDeadLetterQueue")["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    redriven = [each["Properties"].get("RedrivePolicy") for each in made.of_type(QUEUE).values()]
    assert not any(letters in str(policy) for policy in redriven)


def test_the_rules_may_start_the_exports_state_machine_and_nothing_else(made: Synthesised) -> None:
    (machine,) = (name for name in made.of_type("AWS::StepFunctions::StateMachine") if "Export" in name)

    assert made.allowed("StartRole") == {"states:StartExecution": [f"<{machine}>"]}


def test_eventbridge_may_send_there(made: Synthesised) -> None:
    letters = made.name_of(QUEUE, "StartDeadLetterQueue")
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in made.of_type("AWS::SQS::QueuePolicy").values()
        if each["Properties"]["Queues"] == [{"Ref": letters}]
    )
    allowed = [statement for statement in policy if statement["Effect"] == "Allow"]

    assert {statement["Principal"]["Service"] for statement in allowed} == {"events.amazonaws.com"}
    assert {statement["Action"] for statement in allowed} == {"sqs:SendMessage"}
    rules = {flat(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) for statement in allowed}
    assert rules == {f"<{made.name_of(RULE, name)}.Arn>" for name in ("EveryImage", "Nightly")}


def test_who_exports_by_request_only_has_no_such_queue(default: Synthesised) -> None:
    assert not [name for name in default.of_type(QUEUE) if "StartDeadLetter" in name]


def test_the_queue_can_be_watched_before_a_rule_is_there() -> None:
    def build(stack: cdk.Stack) -> None:
        key = kms.Key(stack, "Key")
        vmie = VmImportExport(stack, "Vmie", encryption_key=key)
        queue = vmie.export_workflow.start_dead_letter_queue
        vmie.export_workflow.on_image_available("EveryImage")
        assert vmie.export_workflow.start_dead_letter_queue.node.path == queue.node.path

    properties = synthesise(build).only(QUEUE, "StartDeadLetterQueue")["Properties"]
    assert flat(properties["KmsMasterKeyId"]).startswith("<Key")


def test_nothing_is_open_or_acknowledged_in_vain(tmp_path: Path) -> None:
    report = examine(asking_by_itself, tmp_path)

    assert report.open == set()
    assert report.acknowledged - report.used == set()
