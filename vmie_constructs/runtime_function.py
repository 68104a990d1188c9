"""One Lambda function of the runtime: a role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .acknowledgements import (
    HIPAA,
    NIST,
    PCI,
    SERVERLESS,
    acknowledge,
    explain_wildcards,
)
from .log_groups import log_group
from .runtime_asset import EXCLUDED, content_hash, runtime_asset_directory
from .runtime_environment import Variable

METRICS_NAMESPACE = "VmImportExport"


@dataclass(frozen=True, kw_only=True)
class RuntimePlatform:
    """What every function of a workflow has in common.

    Attributes:
        runtime: The Python that runs the code, 3.11 or later. Default: Python 3.14.
        architecture: The processor; the code is pure Python. Default: arm64.
        log_retention: How long log events are kept. Default: three months.
        encryption_key: Encrypts the logs. Default: CloudWatch's own key.
        use_fips_endpoints: Whether the functions call AWS at its FIPS endpoints. Default: they do not.
    """

    runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14
    architecture: lambda_.Architecture = lambda_.Architecture.ARM_64
    log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS
    encryption_key: kms.IKey | None = None
    use_fips_endpoints: bool = False

    @classmethod
    def of(
        cls,
        *,
        runtime: lambda_.Runtime | None = None,
        architecture: lambda_.Architecture | None = None,
        log_retention: logs.RetentionDays | None = None,
        encryption_key: kms.IKey | None = None,
        use_fips_endpoints: bool = False,
    ) -> Self:
        """Take what is given and the defaults for the rest."""
        given: dict[str, Any] = {
            "runtime": runtime,
            "architecture": architecture,
            "log_retention": log_retention,
            "encryption_key": encryption_key,
            "use_fips_endpoints": use_fips_endpoints,
        }
        return cls(**{name: value for name, value in given.items() if value is not None})

    def __post_init__(self) -> None:
        if self.runtime.family != lambda_.RuntimeFamily.PYTHON:
            raise ValueError(f"runtime is {self.runtime.name!r}; the Lambda code needs a Python runtime.")


@cache
def _asset() -> tuple[Path, str]:
    """The code and its hash, once per process: every function of an app runs the same code."""
    directory = runtime_asset_directory()
    return directory, content_hash(directory)


class RuntimeFunction(Construct):
    """A handler of `vmie_runtime` with exactly the permissions that it is granted.

    Args:
        scope: The parent.
        construct_id: The id within it.
        handler: The module below `vmie_runtime` whose `handler` is called, such as `steps.validate_request`.
        description: What the function does, shown in the console.
        environment: The settings that the handler reads. Default: none.
        lost_event_reason: What happens to an event that the function fails on, in place of a dead-letter
            queue.
        memory: Megabytes. Default: 256.
        timeout: How long one invocation may take. Default: one minute.
        platform: Runtime, architecture and log retention. Default: those of `RuntimePlatform`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: str,
        description: str,
        lost_event_reason: str,
        environment: Mapping[Variable, str] | None = None,
        memory: int = 256,
        timeout: Duration | None = None,
        platform: RuntimePlatform | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._lost_event_reason = lost_event_reason
        platform = platform or RuntimePlatform()
        logs_of_function = log_group(
            self, "Logs", retention=platform.log_retention, encryption_key=platform.encryption_key
        )
        # A role of our own: the one that the CDK would make carries a managed policy that may write any log
        # group.
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"vmie_runtime.{handler}",
        )
        logs_of_function.grant_write(self._role)
        directory, asset_hash = _asset()
        self._function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(str(directory), asset_hash=asset_hash, exclude=list(EXCLUDED)),
            handler=f"vmie_runtime.{handler}.handler",
            description=description,
            runtime=platform.runtime,
            architecture=platform.architecture,
            memory_size=memory,
            timeout=timeout or Duration.minutes(1),
            role=self._role,
            log_group=logs_of_function,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                **{variable.value: value for variable, value in (environment or {}).items()},
                "POWERTOOLS_SERVICE_NAME": handler.rpartition(".")[2],
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                **({"AWS_USE_FIPS_ENDPOINT": "true"} if platform.use_fips_endpoints else {}),
            },
            # Executions run for a day and end on the code that they began with.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        self._acknowledge()

    def _acknowledge(self) -> None:
        explain_wildcards(
            self._role, resources=["*"], reason="X-Ray's actions for sending traces know no resources."
        )
        acknowledge(
            self._function,
            "LambdaInsideVPC",
            (NIST, HIPAA, PCI),
            "The function calls AWS APIs only and is reached by nothing but Lambda's own API; a VPC would add"
            " NAT gateways or a dozen endpoints to every stack.",
        )
        acknowledge(
            self._function,
            "LambdaConcurrency",
            (NIST, HIPAA),
            "What runs at once is bounded by the leases of the requests table and the queue's batches;"
            " reserved concurrency would take it from the account's other functions.",
        )
        acknowledge(self._function, "LambdaDLQ", (NIST, HIPAA, SERVERLESS), self._lost_event_reason)

    @property
    def function(self) -> lambda_.Function:
        """The function."""
        return self._function

    @property
    def role(self) -> iam.IRole:
        """The function's own role."""
        return self._role

    @property
    def current_version(self) -> lambda_.Version:
        """The published version of today's code and configuration; a later deployment keeps it."""
        return self._function.current_version

    def set_environment(self, variable: Variable, value: str) -> None:
        """Set one variable of something that is made after the function."""
        self._function.add_environment(variable.value, value)

    def allow(
        self,
        actions: Sequence[str],
        resources: Sequence[str],
        *,
        conditions: Mapping[str, Mapping[str, str]] | None = None,
        wildcard_reason: str | None = None,
    ) -> None:
        """Allow exact actions on resources.

        Args:
            actions: IAM actions without wildcards.
            resources: ARNs.
            conditions: Condition operators with their keys. Default: none.
            wildcard_reason: Why a resource with a wildcard is the narrowest there is. Default: there is none.
        """
        self._role.add_to_policy(
            iam.PolicyStatement(
                actions=list(actions), resources=list(resources), conditions=dict(conditions or {})
            )
        )
        if wildcard_reason is not None:
            explain_wildcards(self._role, resources=resources, reason=wildcard_reason)
