"""The table against AWS's own schemas of the resource types, which cfn-lint carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from vmie_local.banner import CANNOT_PROVE
from vmie_local.cloudformation.errors import UnsupportedError
from vmie_local.cloudformation.resource_type import ResourceType
from vmie_local.cloudformation.types.table import TABLE

OF_THE_CDK = {"AWS::CDK::Metadata", "Custom::S3AutoDeleteObjects"}
ROWS = [row for row in TABLE.values() if row.name not in OF_THE_CDK]
in_each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def schema(row: ResourceType) -> dict:
    return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", row.name).schema


@in_each
def test_only_real_properties_are_in_the_table(row: ResourceType) -> None:
    assert (row.honours | row.inert) - set(schema(row)["properties"]) == set()


@in_each
def test_what_a_type_requires_is_honoured(row: ResourceType) -> None:
    assert set(schema(row).get("required", [])) - row.honours == set()


@in_each
def test_a_change_replaces_where_aws_replaces(row: ResourceType) -> None:
    paths = [path.split("/")[2:] for path in schema(row).get("createOnlyProperties", [])]
    create_only = {path[0] for path in paths if len(path) == 1}
    if row.update is not None:
        assert create_only & row.honours <= row.replaced_by


@in_each
def test_a_type_that_may_have_a_name_names_its_property(row: ResourceType) -> None:
    assert row.named_by is None or row.named_by in row.honours & row.replaced_by or row.update is None


def test_the_documentation_lists_every_type_and_no_other() -> None:
    page = (Path(__file__).parents[4] / "docs" / "local-aws.md").read_text()
    documented = set(re.findall(r"`((?:AWS::\w+|Custom)::\w+)`", page)) - {
        "AWS::CloudFormation::CustomResource"
    }
    assert documented == set(TABLE)


def test_the_documentation_says_what_the_banner_says() -> None:
    page = (Path(__file__).parents[4] / "docs" / "local-aws.md").read_text()
    for limit in CANNOT_PROVE:
        assert f"- {limit[0].upper()}{limit[1:]}." in page


def test_an_unknown_property_is_refused_with_type_logical_id_and_property() -> None:
    with pytest.raises(UnsupportedError, match=r"Colour of AWS::SQS::Queue \(Mine\).*honours .*QueueName"):
        TABLE["AWS::SQS::Queue"].check("Mine", {"QueueName": "q", "Colour": "blue"})
