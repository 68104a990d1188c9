"""CloudWatch alarms and dashboards: created and shown; no alarm changes its state locally."""

from __future__ import annotations

from typing import Any

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_SHARED = {
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmName",
    "InsufficientDataActions",
    "OKActions",
    "Tags",
}
_METRIC = {
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "MetricName",
    "Metrics",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
}


def _put_alarm(request: Request) -> Created:
    return _put(request, "PutMetricAlarm")


def _put_composite_alarm(request: Request) -> Created:
    return _put(request, "PutCompositeAlarm")


def _put(request: Request, operation: str) -> Created:
    wanted: dict[str, Any] = dict(request.properties)
    name = request.physical_id or wanted.get("AlarmName") or request.generated_name(255)
    wanted |= {"AlarmName": name, "Tags": tags.as_list(wanted.get("Tags")) or None}
    request.api("cloudwatch", operation, **wanted)
    return Created(name, {"Arn": request.arn("cloudwatch", f"alarm:{name}")})


def _delete_alarm(request: Request) -> None:
    request.tolerant(("ResourceNotFound",), "cloudwatch", "DeleteAlarms", AlarmNames=[request.physical_id])


def _put_dashboard(request: Request) -> Created:
    wanted = request.properties
    name = request.physical_id or wanted.get("DashboardName") or request.generated_name(255)
    request.api("cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=wanted["DashboardBody"])
    return Created(name)


def _delete_dashboard(request: Request) -> None:
    request.tolerant(
        ("ResourceNotFound", "DashboardNotFoundError"),
        "cloudwatch",
        "DeleteDashboards",
        DashboardNames=[request.physical_id],
    )


TYPES = (
    ResourceType(
        name="AWS::CloudWatch::Alarm",
        honours=frozenset(_SHARED | _METRIC),
        create=_put_alarm,
        update=_put_alarm,
        delete=_delete_alarm,
        replaced_by=frozenset({"AlarmName"}),
        named_by="AlarmName",
    ),
    ResourceType(
        name="AWS::CloudWatch::CompositeAlarm",
        honours=frozenset(_SHARED | {"AlarmRule"}),
        create=_put_composite_alarm,
        update=_put_composite_alarm,
        delete=_delete_alarm,
        replaced_by=frozenset({"AlarmName"}),
        named_by="AlarmName",
    ),
    ResourceType(
        name="AWS::CloudWatch::Dashboard",
        honours=frozenset({"DashboardName", "DashboardBody"}),
        create=_put_dashboard,
        update=_put_dashboard,
        delete=_delete_dashboard,
        replaced_by=frozenset({"DashboardName"}),
        named_by="DashboardName",
    ),
)
