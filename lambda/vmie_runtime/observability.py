"""The logger and the metrics that every function shares."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
# No service: Powertools would add it as a dimension beside `Workflow`, by which the metrics are looked up.
metrics = Metrics(service="")
