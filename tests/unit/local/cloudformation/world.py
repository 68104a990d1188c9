"""A CloudFormation whose resources are entries of a dictionary."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from vmie_local.cloudformation.errors import RefusedError, ResourceFailedError
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.service import Caller, StackService
from vmie_local.cloudformation.stack import ChangeSet, Stack

CALLER = Caller("123456789012", "us-east-1")


class World:
    """Things that exist, by physical id, and a service that makes them.

    The type `Thing` has `Value` (changed in place), `Kind` (a change replaces it), `Name` (its physical name)
    and `Break`, with which it refuses to be made or changed: `early` before it exists, `late` afterwards,
    `refuse` to be changed from or to that.
    """

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.stubborn: set[str] = set()
        self.log: list[str] = []
        self._numbers = count(1)
        self.service = StackService({"Thing": self._row()}.get, lambda _service, _region: None)

    def deploy(self, resources: dict[str, Any], **more: Any) -> Stack:
        change_set = self.change_set(resources, **more)
        assert change_set.status == "CREATE_COMPLETE", change_set.reason
        stack = self.stack()
        self.log.clear()
        self.service.execute_change_set(stack, change_set, disable_rollback=False, token="")
        return stack

    def change_set(
        self,
        resources: dict[str, Any],
        *,
        name: str = "s",
        tags: dict[str, str] | None = None,
        **sections: Any,
    ) -> ChangeSet:
        exists = self.service.stacks.find("us-east-1", name)
        return self.service.create_change_set(
            CALLER,
            {
                "StackName": name,
                "ChangeSetName": "c",
                "ChangeSetType": "UPDATE" if exists and exists.template else "CREATE",
                "TemplateBody": json.dumps({"Resources": resources, **sections}),
                "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
            },
        )

    def delete(self) -> Stack:
        stack = self.stack()
        self.log.clear()
        self.service.delete(stack, "")
        return stack

    def stack(self, name: str = "s") -> Stack:
        found = self.service.stacks.find("us-east-1", name)
        assert found is not None
        return found

    def values(self) -> dict[str, Any]:
        """What the things of each logical id are worth."""
        return {thing["logical_id"]: thing["properties"].get("Value") for thing in self.things.values()}

    def _row(self) -> ResourceType:
        return ResourceType(
            name="Thing",
            honours=frozenset({"Value", "Kind", "Name", "Break", "Tags"}),
            create=self._create,
            update=self._update,
            delete=self._delete,
            replaced_by=frozenset({"Kind", "Name"}),
            named_by="Name",
        )

    def _create(self, request: Request) -> Created:
        self.log.append(f"create {request.logical_id}")
        if request.properties.get("Break") == "early":
            raise ResourceFailedError("broken early")
        physical_id = request.properties.get("Name") or f"{request.logical_id}-{next(self._numbers)}"
        self.things[physical_id] = {"logical_id": request.logical_id, "properties": request.properties}
        request.made(physical_id)
        if request.properties.get("Break") == "late":
            raise ResourceFailedError("broken late")
        return Created(physical_id, {"Value": request.properties.get("Value")})

    def _update(self, request: Request) -> Created:
        self.log.append(f"update {request.logical_id}")
        if request.changed("Break") and "refuse" in (
            request.properties.get("Break"),
            request.old_properties.get("Break"),
        ):
            raise RefusedError("refused")
        self.things[request.physical_id]["properties"] = request.properties
        if request.properties.get("Break"):
            raise ResourceFailedError("broken")
        return Created(request.physical_id, {"Value": request.properties.get("Value")})

    def _delete(self, request: Request) -> None:
        self.log.append(f"delete {request.logical_id}")
        if request.physical_id in self.stubborn:
            raise ResourceFailedError("in use")
        self.things.pop(request.physical_id, None)


def thing(**properties: Any) -> dict[str, Any]:
    """A resource; what begins with a capital is a property unless it belongs to the resource itself."""
    own = {
        key: properties.pop(key)
        for key in ("DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Condition")
        if key in properties
    }
    return {"Type": "Thing", "Properties": properties, **own}
