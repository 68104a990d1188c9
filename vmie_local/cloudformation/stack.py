"""Stacks, their resources, events and change sets: what the API describes."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from vmie_local.cloudformation.parameters import Parameter
from vmie_local.cloudformation.template import Template


def now() -> datetime:
    """The real time: deployments are not scaled."""
    return datetime.now(UTC)


@dataclass
class Resource:
    """A resource of a stack that exists, or existed.

    Attributes:
        properties: As they were applied, every function resolved.
        attributes: What `Fn::GetAtt` returns.
        ref: What `Ref` returns: mostly the physical id.
    """

    logical_id: str
    type: str
    physical_id: str
    properties: dict[str, Any]
    attributes: dict[str, Any]
    dependencies: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    ref: str = ""
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    changed_at: datetime = field(default_factory=now)


@dataclass(frozen=True)
class Output:
    """One output of a stack."""

    key: str
    value: str
    description: str = ""
    export_name: str = ""


@dataclass
class ChangeSet:
    """A change set: what an execution would do."""

    name: str
    id: str
    kind: str
    template: Template
    parameters: dict[str, Parameter]
    call: dict[str, Any]
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution_status: str = "AVAILABLE"
    changes: list[dict[str, Any]] = field(default_factory=list)
    created_at: datetime = field(default_factory=now)


@dataclass
class Stack:
    """A stack. Its lock guards everything that the API and the operation's thread share."""

    name: str
    id: str
    account: str
    region: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    template: Template | None = None
    parameters: dict[str, Parameter] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)
    role_arn: str = ""
    change_set_id: str = ""
    disable_rollback: bool = False
    termination_protection: bool = False
    created_at: datetime = field(default_factory=now)
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    client_token: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def busy(self) -> bool:
        """Whether an operation runs."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    def become(self, status: str, reason: str = "") -> None:
        """Enter a status and tell so in an event."""
        with self.lock:
            self.status, self.reason = status, reason
            self._event(self.name, "AWS::CloudFormation::Stack", self.id, status, reason, None)

    def note(self, resource: Resource, status: str, reason: str = "") -> None:
        """Record what happened to a resource, with an event."""
        with self.lock:
            resource.status, resource.reason, resource.changed_at = status, reason, now()
            self._event(
                resource.logical_id, resource.type, resource.physical_id, status, reason, resource.properties
            )

    def _event(
        self,
        logical_id: str,
        kind: str,
        physical_id: str,
        status: str,
        reason: str,
        properties: dict[str, Any] | None,
    ) -> None:
        moment = now()
        if self.events:
            # The CDK CLI sorts events by their milliseconds: no two have the same.
            moment = max(moment, self.events[-1]["Timestamp"] + timedelta(milliseconds=1))
        event = {
            "StackId": self.id,
            "EventId": f"{logical_id}-{status}-{uuid.uuid4()}",
            "StackName": self.name,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": kind,
            "Timestamp": moment,
            "ResourceStatus": status,
        }
        if reason:
            event["ResourceStatusReason"] = reason
        if properties is not None:
            event["ResourceProperties"] = json.dumps(properties, default=str)
        if self.client_token:
            event["ClientRequestToken"] = self.client_token
        self.events.append(event)
