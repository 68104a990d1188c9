"""AWS Step Functions and AWS Lambda."""

from __future__ import annotations

from collections.abc import Iterable

from vmie_local.front_door.api_call import ApiCall
from vmie_local.front_door.authorization.requirement import Requirement, Row, Table, anywhere, arn, on_member
from vmie_local.workflows.tokens import state_machine_of


def _execution(action: str) -> Row:
    return on_member(f"states:{action}", "executionArn")


def _state_machine(action: str) -> Row:
    return on_member(f"states:{action}", "stateMachineArn")


def _token(action: str) -> Row:
    """An answer to a task: an action on the state machine that its token belongs to."""

    def row(call: ApiCall) -> Iterable[Requirement]:
        owner = state_machine_of(str(call.parameters.get("taskToken", "")))
        return (Requirement(f"states:{action}", owner or "*"),)

    return row


STATES: Table = {
    "DescribeExecution": _execution("DescribeExecution"),
    "DescribeMapRun": on_member("states:DescribeMapRun", "mapRunArn"),
    "DescribeStateMachine": _state_machine("DescribeStateMachine"),
    "DescribeStateMachineForExecution": _execution("DescribeStateMachineForExecution"),
    "GetExecutionHistory": _execution("GetExecutionHistory"),
    "ListExecutions": _state_machine("ListExecutions"),
    "ListMapRuns": _execution("ListMapRuns"),
    "ListStateMachines": anywhere("states:ListStateMachines"),
    "RedriveExecution": _execution("RedriveExecution"),
    "SendTaskFailure": _token("SendTaskFailure"),
    "SendTaskHeartbeat": _token("SendTaskHeartbeat"),
    "SendTaskSuccess": _token("SendTaskSuccess"),
    "StartExecution": _state_machine("StartExecution"),
    "StartSyncExecution": _state_machine("StartSyncExecution"),
    "StopExecution": _execution("StopExecution"),
}


def _function(action: str) -> Row:
    """An action on a function, a version or an alias: the qualifier belongs to the ARN."""

    def row(call: ApiCall) -> Iterable[Requirement]:
        given = call.parameters
        name = str(given.get("FunctionName") or "*")
        if not name.startswith("arn:"):
            # `name`, `name:qualifier` or `account:function:name`.
            name = arn(call, "lambda", f"function:{name.rpartition('function:')[2]}")
        if (qualifier := given.get("Qualifier")) and name.count(":") == 6:
            name = f"{name}:{qualifier}"
        return (Requirement(f"lambda:{action}", name),)

    return row


LAMBDA: Table = {
    "GetFunction": _function("GetFunction"),
    "GetFunctionConfiguration": _function("GetFunctionConfiguration"),
    "Invoke": _function("InvokeFunction"),
    "InvokeAsync": _function("InvokeFunction"),
    "InvokeWithResponseStream": _function("InvokeFunction"),
    "ListFunctions": anywhere("lambda:ListFunctions"),
    "ListVersionsByFunction": _function("ListVersionsByFunction"),
}
