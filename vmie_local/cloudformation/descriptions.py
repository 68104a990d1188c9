"""How stacks, change sets and resources look in the API's answers."""

from __future__ import annotations

from typing import Any

from vmie_local.cloudformation import stack as model
from vmie_local.cloudformation.template import Template

_NO_DRIFT = {"StackDriftStatus": "NOT_CHECKED"}
_NO_RESOURCE_DRIFT = {"StackResourceDriftStatus": "NOT_CHECKED"}


def stack(one: model.Stack) -> dict[str, Any]:
    """A stack as DescribeStacks tells it."""
    with one.lock:
        return _without_empty(
            {
                "StackId": one.id,
                "StackName": one.name,
                "ChangeSetId": one.change_set_id,
                "Description": one.template.description if one.template else "",
                "Parameters": _parameters(one.parameters),
                "CreationTime": one.created_at,
                "LastUpdatedTime": one.updated_at,
                "DeletionTime": one.deleted_at,
                "StackStatus": one.status,
                "StackStatusReason": one.reason,
                "NotificationARNs": one.notification_arns,
                "Capabilities": one.capabilities,
                "Outputs": [_output(output) for output in one.outputs.values()],
                "RoleARN": one.role_arn,
                "Tags": [{"Key": key, "Value": value} for key, value in one.tags.items()],
            }
        ) | {
            "RollbackConfiguration": {},
            "DisableRollback": one.disable_rollback,
            "EnableTerminationProtection": one.termination_protection,
            "DriftInformation": _NO_DRIFT,
        }


def stack_summary(one: model.Stack) -> dict[str, Any]:
    """A stack as ListStacks tells it."""
    return _without_empty(
        {
            "StackId": one.id,
            "StackName": one.name,
            "TemplateDescription": one.template.description if one.template else "",
            "CreationTime": one.created_at,
            "LastUpdatedTime": one.updated_at,
            "DeletionTime": one.deleted_at,
            "StackStatus": one.status,
            "StackStatusReason": one.reason,
            "DriftInformation": _NO_DRIFT,
        }
    )


def change_set(
    one: model.Stack, found: model.ChangeSet, changes: list[dict[str, Any]], values: bool
) -> dict[str, Any]:
    """A change set as DescribeChangeSet tells it; property values only where asked for."""
    return _without_empty(
        {
            "ChangeSetName": found.name,
            "ChangeSetId": found.id,
            "StackId": one.id,
            "StackName": one.name,
            "Description": found.call.get("Description"),
            "Parameters": _parameters(found.parameters),
            "CreationTime": found.created_at,
            "ExecutionStatus": found.execution_status,
            "Status": found.status,
            "StatusReason": found.reason,
            "NotificationARNs": found.call.get("NotificationARNs"),
            "Capabilities": found.call.get("Capabilities"),
            "Tags": found.call.get("Tags"),
            "IncludeNestedStacks": found.call.get("IncludeNestedStacks"),
            "DeploymentConfig": found.call.get("DeploymentConfig"),
        }
    ) | {
        "Changes": changes if values else [_plain(change) for change in changes],
        "RollbackConfiguration": {},
    }


def change_set_summary(one: model.Stack, found: model.ChangeSet) -> dict[str, Any]:
    """A change set as ListChangeSets tells it."""
    return _without_empty(
        {
            "StackId": one.id,
            "StackName": one.name,
            "ChangeSetId": found.id,
            "ChangeSetName": found.name,
            "ExecutionStatus": found.execution_status,
            "Status": found.status,
            "StatusReason": found.reason,
            "CreationTime": found.created_at,
            "Description": found.call.get("Description"),
        }
    )


def resource(one: model.Stack, found: model.Resource) -> dict[str, Any]:
    """A resource as DescribeStackResources tells it."""
    return {
        "StackName": one.name,
        "StackId": one.id,
        "Timestamp": found.changed_at,
        **_resource(found),
        "DriftInformation": _NO_RESOURCE_DRIFT,
    }


def resource_detail(one: model.Stack, found: model.Resource) -> dict[str, Any]:
    """A resource as DescribeStackResource tells it."""
    named = {"StackName": one.name, "StackId": one.id, "LastUpdatedTimestamp": found.changed_at}
    return {**named, **_resource(found), "DriftInformation": _NO_RESOURCE_DRIFT}


def resource_summary(found: model.Resource) -> dict[str, Any]:
    """A resource as ListStackResources tells it."""
    return {
        "LastUpdatedTimestamp": found.changed_at,
        **_resource(found),
        "DriftInformation": _NO_RESOURCE_DRIFT,
    }


def template_summary(template: Template) -> dict[str, Any]:
    """What GetTemplateSummary tells of a template."""
    return _without_empty(
        {
            "Description": template.description,
            "Parameters": [
                _without_empty(
                    {
                        "ParameterKey": name,
                        "DefaultValue": str(body["Default"]) if "Default" in body else None,
                        "ParameterType": body.get("Type", "String"),
                        "NoEcho": str(body.get("NoEcho", "false")).lower() == "true",
                        "Description": body.get("Description"),
                    }
                )
                for name, body in template.parameters.items()
            ],
            "ResourceTypes": sorted({one.type for one in template.resources.values()}),
        }
    )


def _resource(found: model.Resource) -> dict[str, Any]:
    return _without_empty(
        {
            "LogicalResourceId": found.logical_id,
            "PhysicalResourceId": found.physical_id,
            "ResourceType": found.type,
            "ResourceStatus": found.status,
            "ResourceStatusReason": found.reason,
        }
    )


def _parameters(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        _without_empty(
            {
                "ParameterKey": name,
                "ResolvedValue": one.resolved,
            }
        )
        | {"ParameterValue": "****" if one.hidden else one.given}
        for name, one in values.items()
    ]


def _output(output: model.Output) -> dict[str, Any]:
    return _without_empty(
        {"OutputKey": output.key, "Description": output.description, "ExportName": output.export_name}
    ) | {"OutputValue": output.value}


def _plain(change: dict[str, Any]) -> dict[str, Any]:
    """A change without property values, as DescribeChangeSet gives it unless asked for them."""
    found = {
        key: value
        for key, value in change["ResourceChange"].items()
        if key not in ("BeforeContext", "AfterContext")
    }
    found["Details"] = [
        {
            **detail,
            "Target": {key: detail["Target"][key] for key in ("Attribute", "Name", "RequiresRecreation")},
        }
        for detail in found["Details"]
    ]
    return {**change, "ResourceChange": found}


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in (None, "", [])}
