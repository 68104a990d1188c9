"""One pipeline in memory: its requests, at whatever point of their life a test wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.unit.runtime.fakes import FakeAws
from vmie_runtime.executions import Executions
from vmie_runtime.import_tasks import tags_of
from vmie_runtime.reconciler import Reconciler, reconciler
from vmie_runtime.request import OpenState, Request, Source, Status, request_id
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.wiring import requests_table

BUCKET = "uploads"
WORKFLOW = "requests"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Import"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "POWERTOOLS_METRICS_NAMESPACE": "VmImportExport",
    "POWERTOOLS_SERVICE_NAME": "test",
    "VMIE_REQUESTS_TABLE": WORKFLOW,
    "VMIE_IMPORT_BUCKET": BUCKET,
    "VMIE_SERVICE_ROLE_NAME": "vm-import",
    "VMIE_STATE_MACHINE_ARN": STATE_MACHINE,
    "VMIE_RECONCILER_FUNCTION": "reconciler",
    "VMIE_TOPIC_ARN": "topic",
    "VMIE_PAUSE_PARAMETER": "pause",
    "VMIE_MAX_CONCURRENT_TASKS": "2",
    "VMIE_DEADLINE_SECONDS": "3600",
    "VMIE_STALL_SECONDS": "600",
}
NOW = "2026-11-20T12:00:00.000Z"
SOON = "2026-11-20T12:01:00.000Z"
LATER = "2026-11-20T13:30:00.000Z"


@dataclass(frozen=True)
class World:
    """AWS in memory, and the pipeline's requests in it."""

    aws: FakeAws

    @property
    def table(self) -> RequestsTable:
        return requests_table()

    @property
    def reconciler(self) -> Reconciler:
        return reconciler()

    def request(self, key: str = "images/web.vmdk", **changes: Any) -> Request:
        """A request that waits, its source in the bucket; `changes` are fields of it or of its source."""
        known = ("version_id", "etag", "sequencer")
        of_source = {name: changes.pop(name) for name in known if name in changes}
        source = Source(
            **{
                "bucket": BUCKET,
                "key": key,
                "version_id": "v1",
                "etag": "e1",
                "size": 4,
                "sequencer": "01",
                **of_source,
            }
        )
        values = {"status": Status.QUEUED, "open_state": OpenState.QUEUED, "queued_at": NOW, **changes}
        request = Request(id=request_id(source), source=source, **values)
        self.aws.s3.add(key, version=source.version_id, etag=source.etag)
        self.table.note_newest(source, request.id)
        assert self.table.create(request)
        return request

    def running(
        self, key: str = "images/web.vmdk", *, version_id: str | None = "v1", **changes: Any
    ) -> Request:
        """A request that holds a lease and whose execution runs."""
        request = self.request(key, version_id=version_id)
        assert self.table.admit(request, now=NOW, deadline_at="2026-11-20T13:00:00.000Z")
        if changes:
            self.table.update(request.id, changes)
        request = self.find(request)
        self.aws.stepfunctions.executions[request.execution_name] = {"status": "RUNNING"}
        return request

    def importing(self, key: str = "images/web.vmdk", **changes: Any) -> Request:
        """A running request whose EC2 task converts."""
        number = len(self.aws.ec2.tasks)
        moving = {"phase": "converting", "progress": "30", "changed_at": NOW, "task_id": f"task-{number}"}
        request = self.running(key, **{**moving, **changes})
        tags = tags_of(request, WORKFLOW)
        self.aws.ec2.add_task(f"task-{number}", tags=tags, StatusMessage="converting", Progress="30")
        return request

    def find(self, request: Request) -> Request:
        """The request as the table has it now."""
        found = self.table.find(request.id)
        assert found is not None
        return found

    def end_execution(self, request: Request, status: str, **more: str) -> None:
        """Let a request's execution end."""
        self.aws.stepfunctions.executions[request.execution_name] = {"status": status, **more}

    def is_started(self, request: Request) -> bool:
        """Tell whether any execution was started for a request."""
        return any(name.startswith(request.id) for name in self.aws.stepfunctions.executions)

    def result(self, request: Request) -> dict[str, Any]:
        """The result at the request's permanent address."""
        return self.aws.s3.documents.get(f"results/by-id/{request.id}.json", {})

    def step(self, request: Request, *, now: str = SOON, **payload: Any) -> dict[str, Any]:
        """What the state machine tells a step of the request's execution."""
        executions = Executions(client=self.aws.client("stepfunctions"), state_machine_arn=STATE_MACHINE)
        arn = executions.arn_of(request)
        return {"RequestId": request.id, "ExecutionArn": arn, "Now": now, **payload}
