"""CloudWatch: PutCompositeAlarm, which moto's PutMetricAlarm is ready for and no operation leads to."""

from __future__ import annotations

from vmie_local.moto_seams.seam import Seam, resolve

RESPONSE = Seam("moto.cloudwatch.responses:CloudWatchResponse", "has no put_composite_alarm")
PUT_METRIC_ALARM = Seam(
    "moto.cloudwatch.responses:CloudWatchResponse.put_metric_alarm",
    "keeps AlarmRule, but answers PutMetricAlarm only",
    ("self",),
)

SEAMS = (RESPONSE, PUT_METRIC_ALARM)


def install() -> None:
    """Let PutCompositeAlarm be answered like PutMetricAlarm."""
    resolve(RESPONSE).put_composite_alarm = resolve(PUT_METRIC_ALARM)
