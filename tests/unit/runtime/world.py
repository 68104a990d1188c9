"""One pipeline in memory: its requests, at whatever point of their life a test wants them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.unit.runtime.fakes import FakeAws
from vmie_runtime.executions import Executions
from vmie_runtime.object_keys import IMAGES, SNAPSHOTS, dropped_image
from vmie_runtime.reconciler import Reconciler, reconciler
from vmie_runtime.request import OpenState, Request, Source, Status, request_id
from vmie_runtime.request_documents import parse_start
from vmie_runtime.request_entries import request_fields
from vmie_runtime.requests_table import RequestsTable
from vmie_runtime.stages.containers import containers_of, object_of
from vmie_runtime.stages.plan import stage_of
from vmie_runtime.stages.stage import Work, stage_tags
from vmie_runtime.wiring import requests_table, settings, work_on

BUCKET = "uploads"
WORKFLOW = "requests"
STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Import"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "POWERTOOLS_METRICS_NAMESPACE": "VmImportExport",
    "POWERTOOLS_SERVICE_NAME": "test",
    "VMIE_REQUESTS_TABLE": WORKFLOW,
    "VMIE_BUCKET": BUCKET,
    "VMIE_SERVICE_ROLE_NAME": "vm-import",
    "VMIE_STATE_MACHINE_ARN": STATE_MACHINE,
    "VMIE_RECONCILER_FUNCTION": "reconciler",
    "VMIE_QUEUE_URL": "queue",
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

    def request(
        self, key: str = "images/web.vmdk", *, document: dict[str, Any] | None = None, **changes: Any
    ) -> Request:
        """A request that waits, its disks in the bucket.

        Args:
            key: The object whose event made it.
            document: What a request file asks for. Default: what dropping the image asks for.
            **changes: Fields of the request or of its source.
        """
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
        asked: dict[str, Any] = {}
        if document is not None:
            asked = request_fields(parse_start(document))
        elif key.startswith((IMAGES, SNAPSHOTS)):
            operation, method, parameters = dropped_image(key, BUCKET)
            asked = {"operation": operation, "method": method, "parameters": parameters}
        self.aws.s3.add(key, version=source.version_id, etag=source.etag)
        values = {
            "status": Status.QUEUED,
            "open_state": OpenState.QUEUED,
            "queued_at": NOW,
            **asked,
            **changes,
        }
        request = Request(id=request_id(source), source=source, **values)
        for disk in self.disks_of(request):
            if disk["Key"] not in self.aws.s3.heads:
                self.aws.s3.add(disk["Key"])
        self.table.sources.note_newest(source, request.id, now=NOW)
        assert self.table.create(request)
        return request

    def disks_of(self, request: Request) -> list[dict[str, Any]]:
        """What its validation writes down of a request's disks."""
        disks = []
        for container in containers_of(request.operation, request.parameters):
            address = object_of(container, BUCKET)
            if address is not None:
                head = self.aws.s3.heads.get(address.key, {"ETag": '"e1"', "VersionId": "v1"})
                disk = {
                    "Bucket": address.bucket,
                    "Key": address.key,
                    "VersionId": head.get("VersionId"),
                    "ETag": head["ETag"].strip('"'),
                    "Size": head.get("ContentLength", 4),
                    "Format": str(container.get("Format", "")).upper(),
                }
                disks.append({name: value for name, value in disk.items() if value is not None})
        return disks

    def running(self, key: str = "images/web.vmdk", **changes: Any) -> Request:
        """A request that holds a lease, whose execution runs and whose disks were looked at.

        Args:
            key: The object whose event made it.
            **changes: As for `request`; all but those of the document and the source are made after its
                admission.
        """
        before = ("document", "version_id", "etag", "sequencer", "fleet", "ordinal")
        request = self.request(key, **{name: changes.pop(name) for name in before if name in changes})
        assert self.table.admit(request, now=NOW, deadline_at="2026-11-20T13:00:00.000Z")
        self.table.update(request.id, {"disks": self.disks_of(request), **changes})
        request = self.find(request)
        self.aws.stepfunctions.executions[request.execution_name] = {"status": "RUNNING"}
        return request

    def importing(self, key: str = "images/web.vmdk", **changes: Any) -> Request:
        """A running request whose EC2 task converts."""
        prefix = "import-snap" if key.startswith(SNAPSHOTS) else "import-ami"
        task_id = f"{prefix}-{len(self.aws.ec2.tasks)}"
        moving = {
            "phase": "converting",
            "progress": "30",
            "changed_at": NOW,
            "task_id": task_id,
            "import_task_id": task_id,
        }
        request = self.running(key, **{**moving, **changes})
        tags = stage_tags(request, WORKFLOW)
        self.aws.ec2.add_task(task_id, tags=tags, StatusMessage="converting", Progress="30")
        return request

    def put_file(self, key: str, document: Any, *, etag: str = "e1", version: str | None = "v1") -> int:
        """A request file in the bucket; its size."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.aws.s3.add(key, etag=etag, version=version, body=body)
        return len(body)

    def work(self, request: Request, *, now: str = SOON) -> Work:
        """A request, as the table has it now, and the means to work on it."""
        return work_on(self.find(request), now=now)

    def stage_operation(self, request: Request) -> str | None:
        """The EC2 operation of the stage that a request is at."""
        stage = stage_of(self.find(request))
        return stage.operation if stage else None

    def configure(self, monkeypatch: Any, **variables: str) -> None:
        """Deploy with other settings."""
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        for cached in (settings, requests_table):
            cached.cache_clear()

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

    @property
    def lease_holders(self) -> set[str]:
        """The requests that hold a lease."""
        return self.table.leases.holders()

    def all_requests(self) -> list[Request]:
        """Every request, in the order of arrival."""
        found = (self.table.find(item_id) for item_id in list(self.aws.dynamodb.items))
        return [request for request in found if request is not None]

    def result_at(self, address: str) -> dict[str, Any]:
        """The document at an address, empty where there is none."""
        document: dict[str, Any] = self.aws.s3.documents.get(address, {})
        return document

    def result(self, request: Request) -> dict[str, Any]:
        """The result at the request's permanent address."""
        return self.result_at(f"results/by-id/{request.id}.json")

    def step(self, request: Request, *, now: str = SOON, **payload: Any) -> dict[str, Any]:
        """What the state machine tells a step of the request's execution."""
        executions = Executions(client=self.aws.client("stepfunctions"), state_machine_arn=STATE_MACHINE)
        arn = executions.arn_of(request)
        return {"RequestId": request.id, "ExecutionArn": arn, "Now": now, **payload}
