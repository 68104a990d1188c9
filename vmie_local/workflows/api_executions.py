"""Operations on executions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from vmie_local.front_door import ApiCall, ApiError
from vmie_local.workflows.api_machines import check_name, describe_revision, no_such_machine
from vmie_local.workflows.execution import Execution
from vmie_local.workflows.paging import page
from vmie_local.workflows.runner import Runner
from vmie_local.workflows.status_event import redrive_reason, redrive_status
from vmie_local.workflows.store import ExecutionExistsError, NoSuchMachineError, Store
from vmie_local.workflows.visit import MOST_BYTES


class ExecutionsApi:
    """Starts, stops, redrives, describes and lists executions."""

    def __init__(self, store: Store, runner: Runner) -> None:
        """Work on this store with this runner."""
        self._store, self._runner = store, runner

    def handlers(self) -> dict[str, Callable[[ApiCall], dict[str, Any]]]:
        """The handlers by operation."""
        return {
            "StartExecution": self._start,
            "StopExecution": self._stop,
            "RedriveExecution": self._redrive,
            "DescribeExecution": self._describe,
            "DescribeStateMachineForExecution": self._describe_machine,
            "ListExecutions": self._list,
            "GetExecutionHistory": self._history,
        }

    def _start(self, call: ApiCall) -> dict[str, Any]:
        arn, name = call.parameters["stateMachineArn"], call.parameters.get("name")
        text = call.parameters.get("input") or "{}"
        if name:
            check_name(name)
        try:
            data = json.loads(text)
        except ValueError as error:
            message = f"Invalid State Machine Execution Input: '{error}'"
            raise ApiError("InvalidExecutionInput", message) from error
        if len(text.encode()) > MOST_BYTES:
            message = f"Invalid State Machine Execution Input: it has more than {MOST_BYTES} bytes"
            raise ApiError("InvalidExecutionInput", message)
        try:
            execution, new = self._store.start(self._store.revision(arn), name, text, data)
        except NoSuchMachineError as error:
            raise no_such_machine(arn) from error
        except ExecutionExistsError as error:
            raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{error}'") from error
        if new:
            self._runner.start(execution)
        return {"executionArn": execution.arn, "startDate": execution.started_at}

    def _stop(self, call: ApiCall) -> dict[str, Any]:
        execution = self._execution(call)
        execution.end(
            execution.flow, "ABORTED", error=call.parameters.get("error"), cause=call.parameters.get("cause")
        )
        return {"stopDate": execution.stopped_at}

    def _redrive(self, call: ApiCall) -> dict[str, Any]:
        execution = self._execution(call)
        if redrive_status(execution) != "REDRIVABLE":
            raise ApiError("ExecutionNotRedrivable", f"{redrive_reason(execution)}: '{execution.arn}'")
        self._runner.redrive(execution)
        return {"redriveDate": execution.redriven_at}

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        execution = self._execution(call)
        described = {
            **_summary(execution),
            "input": execution.input_text,
            "inputDetails": {"included": True},
            "output": execution.output,
            "outputDetails": {"included": True} if execution.output is not None else None,
            "error": execution.error,
            "cause": execution.cause,
            "redriveStatus": redrive_status(execution),
            "redriveStatusReason": redrive_reason(execution),
        }
        return {name: value for name, value in described.items() if value is not None}

    def _describe_machine(self, call: ApiCall) -> dict[str, Any]:
        revision = self._execution(call).revision
        return {**describe_revision(revision), "updateDate": revision.at}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        arn, status = call.parameters.get("stateMachineArn"), call.parameters.get("statusFilter")
        if not arn:
            raise ApiError("ValidationException", "The local AWS lists executions by 'stateMachineArn' only.")
        try:
            revision = self._store.revision(arn)
        except NoSuchMachineError as error:
            raise no_such_machine(arn) from error
        redriven = {"REDRIVEN": True, "NOT_REDRIVEN": False}.get(call.parameters.get("redriveFilter", ""))
        found = [
            _summary(execution)
            for execution in self._store.executions(revision.arn)
            if status in (None, execution.status)
            and revision.version in (None, execution.revision.version)
            and redriven in (None, execution.redrive_count > 0)
        ]
        return page(call, "executions", found, 1000 if call.parameters.get("maxResults") else 100)

    def _history(self, call: ApiCall) -> dict[str, Any]:
        events = list(self._execution(call).history.events)
        if call.parameters.get("reverseOrder"):
            events.reverse()
        if call.parameters.get("includeExecutionData") is False:
            events = [_without_data(event) for event in events]
        size = 1000 if call.parameters.get("maxResults") else 100
        return page(call, "events", events, size)

    def _execution(self, call: ApiCall) -> Execution:
        arn = call.parameters["executionArn"]
        execution = self._store.execution(arn)
        if execution is None:
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution


def _summary(execution: Execution) -> dict[str, Any]:
    revision = execution.revision
    version_arn = f"{revision.arn}:{revision.version}" if revision.version else None
    summary = {
        "executionArn": execution.arn,
        "stateMachineArn": revision.arn,
        "stateMachineVersionArn": version_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started_at,
        "stopDate": execution.stopped_at,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redriven_at,
    }
    return {name: value for name, value in summary.items() if value is not None}


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    hidden = {"input", "output", "parameters", "error", "cause"}
    return {
        name: {key: item for key, item in value.items() if key not in hidden}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }
