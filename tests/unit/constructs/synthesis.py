"""Synthesising constructs and reading the templates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from vmie_constructs import ImportBucket, ImportWorkflow, VmImportRole

ROOT = Path(__file__).parents[3]
FLAGS: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]


class Synthesised:
    """A template, and what tests ask of it."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.template = template

    def of_type(self, resource_type: str) -> dict[str, Any]:
        resources: dict[str, Any] = self.template["Resources"]
        return {name: found for name, found in resources.items() if found["Type"] == resource_type}

    def only(self, resource_type: str, name_part: str = "") -> Any:
        found = {name: each for name, each in self.of_type(resource_type).items() if name_part in name}
        assert len(found) == 1, f"{resource_type} {name_part}: {sorted(found)}"
        return next(iter(found.values()))

    def name_of(self, resource_type: str, name_part: str = "") -> str:
        (name,) = (name for name in self.of_type(resource_type) if name_part in name)
        return name

    def statements(self, role_part: str) -> list[dict[str, Any]]:
        """The statements of the one role whose policies' logical ids hold `role_part`."""
        inline = self.only("AWS::IAM::Policy", role_part)
        # What is too much for the inline policy, the CDK moves to managed ones.
        moved = [each for name, each in self.of_type("AWS::IAM::ManagedPolicy").items() if role_part in name]
        return [
            statement
            for policy in (inline, *moved)
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]

    def allowed(self, role_part: str) -> dict[str, list[Any]]:
        """Actions and the resources they are allowed on, each once."""
        found: dict[str, list[Any]] = {}
        for statement in self.statements(role_part):
            assert statement["Effect"] == "Allow"
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    found.setdefault(action, []).append(flat(resource))
        return found

    def every_statement(self) -> Iterator[tuple[str, dict[str, Any]]]:
        policies = self.of_type("AWS::IAM::Policy") | self.of_type("AWS::IAM::ManagedPolicy")
        for name, policy in policies.items():
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                yield name, statement

    def function(self, name_part: str) -> Any:
        return self.only("AWS::Lambda::Function", name_part)["Properties"]


def synthesise(
    build: Callable[[cdk.Stack], object], *, account: str | None = None, region: str | None = None
) -> Synthesised:
    """The template of a stack that `build` fills, with the app's feature flags."""
    app = cdk.App(context=FLAGS)
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=account, region=region))
    build(stack)
    return Synthesised(app.synth().get_stack_by_name("Stack").template)


def import_half(stack: cdk.Stack, *, key: kms.IKey | None = None, **props: Any) -> ImportWorkflow:
    """What `VmImportExport` makes for imports, under the same ids.

    Args:
        stack: Where it is made.
        key: Encrypts the bucket. Default: none.
        **props: Those of the workflow.
    """
    scope = Construct(stack, "Vmie")
    bucket = ImportBucket(scope, "ImportBucket", encryption_key=key)
    role = VmImportRole(scope, "ServiceRole")
    return ImportWorkflow(scope, "Import", import_bucket=bucket.bucket, service_role=role.role, **props)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def flat(value: Any) -> str:
    """A value with its references as `<LogicalId>`, `<LogicalId.Attribute>` or `<AWS::Region>`."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(flat(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
    raise AssertionError(f"Unexpected: {value}")
