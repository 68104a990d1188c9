"""Creates, updates and deletes one resource at a time by its type's row in the table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from vmie_local.cloudformation.errors import RefusedError, ResourceFailedError, UnsupportedError
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.scope import partition_of
from vmie_local.cloudformation.stack import Resource, Stack

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

TypeLookup = Callable[[str], ResourceType | None]


class ResourceHandler:
    """Carries out what an operation decides, for the resources of one stack."""

    def __init__(self, stack: Stack, types: TypeLookup, client: Callable[[str], Any]) -> None:
        """Remember the stack, the table of types and how to reach a service.

        Args:
            stack: Whose events tell what happens.
            types: The row of a type, or None.
            client: An administrator's boto3 client in the stack's Region, by service.
        """
        self._stack, self._types, self._client = stack, types, client

    def row(self, type_name: str) -> ResourceType:
        """The row of a type.

        Raises:
            UnsupportedError: If the table has none.
        """
        found = self._types(type_name)
        if found is None:
            raise UnsupportedError(
                f"Unrecognized resource types: [{type_name}]: the local CloudFormation does not implement "
                "it. Deploy to AWS, or teach vmie_local/cloudformation/types the type."
            )
        return found

    def create(self, wanted: Resource) -> Resource:
        """Make a resource.

        Raises:
            ResourceFailedError: If it cannot be made; what was half made is deleted again.
        """
        half_made: list[str] = []
        self._stack.note(wanted, "CREATE_IN_PROGRESS")
        try:
            row = self.row(wanted.type)
            row.check(wanted.logical_id, wanted.properties)
            request = self._request(wanted, made=half_made.append)
            self._take(wanted, _guarded(lambda: row.create(request)))
        except ResourceFailedError as error:
            wanted.physical_id = half_made[-1] if half_made else ""
            self._stack.note(wanted, "CREATE_FAILED", _reason(error))
            if half_made:
                self.delete(wanted)
            raise
        self._stack.note(wanted, "CREATE_COMPLETE")
        return wanted

    def update(self, old: Resource, wanted: Resource) -> Resource:
        """Change a resource in place.

        Raises:
            ResourceFailedError: If it cannot be changed; it may be half changed.
        """
        wanted.physical_id, wanted.ref = old.physical_id, old.ref
        wanted.attributes = dict(old.attributes)
        self._stack.note(wanted, "UPDATE_IN_PROGRESS")
        try:
            update = self._updating(wanted)
            request = self._request(wanted, old=old.properties)
            self._take(wanted, _guarded(lambda: update(request)))
        except ResourceFailedError as error:
            self._stack.note(wanted, "UPDATE_FAILED", _reason(error))
            raise
        self._stack.note(wanted, "UPDATE_COMPLETE")
        return wanted

    def _updating(self, wanted: Resource) -> Callable[[Request], Created]:
        row = self.row(wanted.type)
        try:
            row.check(wanted.logical_id, wanted.properties)
        except UnsupportedError as error:
            raise RefusedError(str(error)) from error
        if row.update is None:
            raise RefusedError(f"{wanted.type} cannot be updated in place")
        return row.update

    def delete(self, resource: Resource, policy: str = "Delete") -> bool:
        """Remove a resource, or leave it where its policy says so; tell whether it is off the stack."""
        if policy in ("Retain", "RetainExceptOnCreate"):
            self._stack.note(resource, "DELETE_SKIPPED")
            return True
        self._stack.note(resource, "DELETE_IN_PROGRESS")
        try:
            delete = self.row(resource.type).delete
            _guarded(lambda: delete(self._request(resource)))
        except ResourceFailedError as error:
            self._stack.note(resource, "DELETE_FAILED", _reason(error))
            return False
        self._stack.note(resource, "DELETE_COMPLETE")
        return True

    def _take(self, resource: Resource, created: Created) -> None:
        resource.physical_id = created.physical_id
        resource.ref = created.ref or created.physical_id
        resource.attributes = dict(created.attributes)

    def _request(
        self,
        resource: Resource,
        *,
        old: Mapping[str, Any] | None = None,
        made: Callable[[str], None] = lambda _: None,
    ) -> Request:
        return Request(
            client=self._client,
            made=made,
            account=self._stack.account,
            region=self._stack.region,
            partition=partition_of(self._stack.region),
            stack_name=self._stack.name,
            stack_id=self._stack.id,
            logical_id=resource.logical_id,
            type=resource.type,
            properties=resource.properties,
            old_properties=dict(old or {}),
            physical_id=resource.physical_id,
        )


def _guarded(act: Callable[[], _T]) -> _T:
    """Let a defect of a handler, or a property of a shape nobody expected, fail the resource."""
    try:
        return act()
    except ResourceFailedError:
        raise
    except Exception as error:
        _log.exception("A handler of a resource type broke")
        raise ResourceFailedError(f"{type(error).__name__}: {error}") from error


def _reason(error: ResourceFailedError) -> str:
    text = str(error)
    return (
        text
        if isinstance(error, UnsupportedError | RefusedError)
        else f"Resource handler returned message: {text!r}"
    )
