"""Parameters, keys, logs, metrics, stacks, licences, traces and tags."""

from __future__ import annotations

from collections.abc import Iterable

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import Requirement, Row, Table, anywhere, arn, on_member


def _parameter_arn(call: ApiCall, name: str) -> str:
    if name.startswith("arn:"):
        return name
    # `name:version` and `name:label` select, the ARN is the parameter's. The slash in front belongs to the
    # ARN's.
    return arn(call, "ssm", "parameter/" + name.partition(":")[0].lstrip("/"))


def _parameters(action: str, member: str = "Name") -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        given = call.parameters.get(member, "*")
        for name in given if isinstance(given, list) else [given]:
            yield Requirement(f"ssm:{action}", _parameter_arn(call, str(name)))

    return row


SSM: Table = {
    "DeleteParameter": _parameters("DeleteParameter"),
    "DeleteParameters": _parameters("DeleteParameters", "Names"),
    "DescribeParameters": anywhere("ssm:DescribeParameters"),
    "GetParameter": _parameters("GetParameter"),
    "GetParameterHistory": _parameters("GetParameterHistory"),
    "GetParameters": _parameters("GetParameters", "Names"),
    "GetParametersByPath": _parameters("GetParametersByPath", "Path"),
    "PutParameter": _parameters("PutParameter"),
}


def _key(action: str, member: str = "KeyId") -> Row:
    """An action on a key; an alias stays an alias' ARN here, the authorizer finds its key."""

    def row(call: ApiCall) -> Iterable[Requirement]:
        name = str(call.parameters.get(member, "*"))
        is_path = name.startswith(("arn:", "alias/"))
        return (Requirement(f"kms:{action}", arn(call, "kms", name if is_path else f"key/{name}")),)

    return row


def _re_encrypt(call: ApiCall) -> Iterable[Requirement]:
    yield from _key("ReEncryptFrom", "SourceKeyId")(call)
    yield from _key("ReEncryptTo", "DestinationKeyId")(call)


KMS: Table = {
    "CreateGrant": _key("CreateGrant"),
    "Decrypt": _key("Decrypt"),
    "DescribeKey": _key("DescribeKey"),
    "Encrypt": _key("Encrypt"),
    "GenerateDataKey": _key("GenerateDataKey"),
    "GenerateDataKeyWithoutPlaintext": _key("GenerateDataKeyWithoutPlaintext"),
    "GetKeyPolicy": _key("GetKeyPolicy"),
    "ListAliases": anywhere("kms:ListAliases"),
    "ListGrants": _key("ListGrants"),
    "ListKeys": anywhere("kms:ListKeys"),
    "ReEncrypt": _re_encrypt,
    "RevokeGrant": _key("RevokeGrant"),
}


def _log_group(action: str) -> Row:
    """An action on a log group or stream.

    Policies name a group as `…:log-group:NAME:*`, which matches because CloudWatch Logs asks about the
    stream part, empty or not, with every action.
    """

    def row(call: ApiCall) -> Iterable[Requirement]:
        given = call.parameters
        group = str(given.get("logGroupName") or given.get("logGroupIdentifier") or "")
        stream = str(given.get("logStreamName") or "")
        if group.startswith("arn:"):
            group = group.removesuffix(":*").rpartition(":log-group:")[2]
        return (Requirement(f"logs:{action}", arn(call, "logs", f"log-group:{group}:log-stream:{stream}")),)

    return row


LOGS: Table = {
    action: _log_group(action)
    for action in (
        "CreateLogGroup",
        "CreateLogStream",
        "DeleteLogGroup",
        "DeleteRetentionPolicy",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
        "PutLogEvents",
        "PutRetentionPolicy",
    )
}


def _metric_data(call: ApiCall) -> Iterable[Requirement]:
    context = {"cloudwatch:namespace": call.parameters.get("Namespace")}
    return (Requirement("cloudwatch:PutMetricData", "*", context),)


CLOUDWATCH: Table = {
    "DescribeAlarms": anywhere("cloudwatch:DescribeAlarms"),
    "GetMetricData": anywhere("cloudwatch:GetMetricData"),
    "GetMetricStatistics": anywhere("cloudwatch:GetMetricStatistics"),
    "ListMetrics": anywhere("cloudwatch:ListMetrics"),
    "PutMetricData": _metric_data,
}


def _stack(action: str) -> Row:
    def row(call: ApiCall) -> Iterable[Requirement]:
        name = call.parameters.get("StackName")
        if name is None:
            return (Requirement(f"cloudformation:{action}", "*"),)
        resource = name if str(name).startswith("arn:") else arn(call, "cloudformation", f"stack/{name}/*")
        return (Requirement(f"cloudformation:{action}", str(resource)),)

    return row


CLOUDFORMATION: Table = {
    "DescribeStackEvents": _stack("DescribeStackEvents"),
    "DescribeStackResource": _stack("DescribeStackResource"),
    "DescribeStackResources": _stack("DescribeStackResources"),
    "DescribeStacks": _stack("DescribeStacks"),
    "ListStackResources": _stack("ListStackResources"),
}

LICENSE_MANAGER: Table = {
    "GetLicenseConfiguration": on_member(
        "license-manager:GetLicenseConfiguration", "LicenseConfigurationArn"
    ),
    "ListLicenseSpecificationsForResource": on_member(
        "license-manager:ListLicenseSpecificationsForResource", "ResourceArn"
    ),
    "UpdateLicenseSpecificationsForResource": on_member(
        "license-manager:UpdateLicenseSpecificationsForResource", "ResourceArn"
    ),
}

TAG: Table = {"GetResources": anywhere("tag:GetResources")}

XRAY: Table = {
    "PutTelemetryRecords": anywhere("xray:PutTelemetryRecords"),
    "PutTraceSegments": anywhere("xray:PutTraceSegments"),
}
