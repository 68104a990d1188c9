"""The state machine around a workflow's states."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .acknowledgements import AWS_SOLUTIONS, acknowledge, explain_wildcards
from .log_groups import log_group
from .runtime_function import RuntimeFunction, RuntimePlatform
from .workflow_definition import WorkflowSteps, workflow_definition
from .workflow_limits import WorkflowLimits

# Beyond the deadline, time to cancel, clean up and record; only an execution that does not even get that far
# is stopped by Step Functions, and left to the reconciler.
_SAFETY = Duration.hours(2)


def workflow_state_machine(
    scope: Construct,
    *,
    steps: WorkflowSteps,
    functions: Iterable[RuntimeFunction],
    limits: WorkflowLimits,
    platform: RuntimePlatform,
) -> sfn.StateMachine:
    """Make the state machine.

    Args:
        scope: The parent of the state machine, its states and its log group.
        steps: The function versions behind the steps.
        functions: Those functions.
        limits: Their deadline bounds an execution.
        platform: Log retention and key.
    """
    # Step Functions keeps a statement for each log group in one policy of 5,120 characters; groups under
    # this prefix need none.
    name = f"/aws/vendedlogs/states/{Stack.of(scope).stack_name}-{scope.node.addr[-8:]}"
    state_machine = sfn.StateMachine(
        scope,
        "StateMachine",
        definition_body=sfn.DefinitionBody.from_chainable(
            workflow_definition(Construct(scope, "Definition"), steps, longest_wait=limits.deadline)
        ),
        query_language=sfn.QueryLanguage.JSONATA,
        # One that somebody started waits for its admission first, as long as for its end at most.
        timeout=limits.deadline.plus(limits.deadline).plus(_SAFETY),
        tracing_enabled=True,
        logs=sfn.LogOptions(
            destination=log_group(
                scope,
                "Logs",
                log_group_name=name,
                retention=platform.log_retention,
                encryption_key=platform.encryption_key,
            ),
            level=sfn.LogLevel.ERROR,
            # Descriptions and tags in the data are the requesters' own.
            include_execution_data=False,
        ),
    )
    # An execution calls the versions that it began with, also after a deployment that knows newer ones
    # only.
    versions = [f"{step.function.function_arn}:*" for step in functions]
    state_machine.add_to_role_policy(
        iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=versions)
    )
    explain_wildcards(
        state_machine.role,
        resources=versions,
        reason="Running executions go on with the versions they began with, after a deployment too.",
    )
    explain_wildcards(
        state_machine.role,
        resources=["*"],
        reason="X-Ray's actions and those of CloudWatch's log deliveries know no resources.",
    )
    acknowledge(
        state_machine,
        "SF1",
        (AWS_SOLUTIONS,),
        "Every end is a result, an event and a metric; the log holds what went wrong besides.",
    )
    return state_machine
