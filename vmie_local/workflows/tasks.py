"""Task states: schedule, call, wait, time out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from vmie_local.workflows import nested
from vmie_local.workflows.errors import HEARTBEAT_TIMEOUT, TIMEOUT, Halted, StateError
from vmie_local.workflows.history import as_json, data
from vmie_local.workflows.integrations import call_service
from vmie_local.workflows.resources import Resource, read_resource
from vmie_local.workflows.tokens import PendingTask, TaskTokens

if TYPE_CHECKING:
    from vmie_local.server import LocalAws
    from vmie_local.workflows.visit import Visit

# Step Functions waits for a function's answer as long as the function may run.
_CALL = Config(retries={"total_max_attempts": 1}, read_timeout=960, max_pool_connections=50)


class Tasks:
    """Carries out Task states with the permissions of the state machine's role."""

    def __init__(self, cloud: LocalAws, tokens: TaskTokens) -> None:
        """Prepare; clients are made when first needed."""
        self._cloud, self._tokens = cloud, tokens
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def token(self, visit: Visit) -> PendingTask | None:
        """A task token for `$states.context.Task.Token`, if the state waits for one."""
        if read_resource(visit.state["Resource"]).pattern != "waitForTaskToken":
            return None
        return self._tokens.issue(visit.flow, visit.execution.revision.arn)

    def call(
        self,
        visit: Visit,
        arguments: Any,
        token: PendingTask | None,
        timeout: float | None,
        heartbeat: float | None,
    ) -> Any:
        """The result of a Task state.

        Args:
            visit: The visit to the state.
            arguments: The evaluated arguments.
            token: The token given out, if the state waits for one.
            timeout: `TimeoutSeconds`, or None.
            heartbeat: `HeartbeatSeconds`, or None.

        Raises:
            StateError: If the task fails or does not end in time.
        """
        resource = read_resource(visit.state["Resource"])
        record = _Record(visit, resource)
        record.scheduled(arguments, timeout, heartbeat)
        try:
            result = self._bounded(
                visit, timeout, lambda: self._carry_out(visit, resource, arguments, record)
            )
            if token is not None:
                result = self._tokens.wait(token, timeout, heartbeat)
        except StateError as error:
            record.failed(error)
            raise
        record.succeeded(result)
        return result

    def _carry_out(self, visit: Visit, resource: Resource, arguments: Any, record: _Record) -> Any:
        def client_of(service: str) -> Any:
            revision = visit.execution.revision
            return self._client(service, revision.arn.split(":")[3], revision.role_arn)

        answer = call_service(resource, arguments, client_of)
        if resource.pattern:
            record.submitted(answer)
        if resource.pattern in ("sync", "sync:2"):
            client = client_of("stepfunctions")
            parsed = resource.pattern == "sync:2"
            return nested.wait_for_execution(visit.flow, client, answer["ExecutionArn"], parse_output=parsed)
        return answer

    def _bounded(self, visit: Visit, timeout: float | None, work: Callable[[], Any]) -> Any:
        """Do the work, but wait no longer than the state may take; what was begun goes on unseen."""
        if timeout is None:
            result = work()
            visit.flow.check()
            return result
        ended: list[tuple[Any, BaseException | None]] = []

        def run() -> None:
            try:
                outcome: tuple[Any, BaseException | None] = work(), None
            except (Halted, Exception) as error:  # noqa: BLE001 - handed to the waiting thread
                outcome = None, error
            with visit.flow.changed:
                ended.append(outcome)
                visit.flow.changed.notify_all()

        threading.Thread(target=run, name="workflow-task", daemon=True).start()
        if not visit.flow.wait_for(lambda: bool(ended), timeout):
            raise StateError(TIMEOUT)
        result, error = ended[0]
        if error is not None:
            raise error
        return result

    def _client(self, service: str, region: str, role_arn: str) -> Any:
        key = service, region, role_arn
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._cloud.client(
                    service, region=region, role_arn=role_arn, config=_CALL
                )
            return self._clients[key]


class _Record:
    """The events of one task in the history; functions called by their ARN have events of their own."""

    def __init__(self, visit: Visit, resource: Resource) -> None:
        self._visit, self._resource = visit, resource
        self._prefix = "LambdaFunction" if resource.kind == "function" else "Task"
        self._named = {"resourceType": resource.resource_type, "resource": resource.resource}
        if resource.kind == "function":
            self._named = {}

    def scheduled(self, arguments: Any, timeout: float | None, heartbeat: float | None) -> None:
        region = self._visit.execution.arn.split(":")[3]
        details: dict[str, Any] = {"timeoutInSeconds": None if timeout is None else int(timeout)}
        if self._resource.kind == "function":
            details |= {"resource": self._resource.resource, **data("input", arguments)}
        else:
            details |= self._named | {"region": region, "parameters": as_json(arguments)}
            details["heartbeatInSeconds"] = None if heartbeat is None else int(heartbeat)
        self._note("Scheduled", details)
        self._note("Started", self._named or None)

    def submitted(self, answer: Any) -> None:
        self._note("Submitted", self._named | data("output", answer))

    def succeeded(self, result: Any) -> None:
        self._note("Succeeded", self._named | data("output", result))

    def failed(self, error: StateError) -> None:
        kind = "TimedOut" if error.error in (TIMEOUT, HEARTBEAT_TIMEOUT) else "Failed"
        self._note(kind, self._named | {"error": error.error, "cause": error.cause})

    def _note(self, kind: str, details: dict[str, Any] | None) -> None:
        self._visit.note(self._prefix + kind, details)
