"""What a resource type is: the API operations behind it and the properties it honours."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from vmie_local.cloudformation.api_arguments import fit
from vmie_local.cloudformation.errors import ResourceFailedError, UnsupportedError


@dataclass(frozen=True)
class Created:
    """What an operation says about a resource.

    Attributes:
        physical_id: Its id; a new one after an update means that it was replaced.
        attributes: What `Fn::GetAtt` returns.
        ref: What `Ref` returns. Default: the physical id.
    """

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    ref: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One thing to do to one resource.

    Attributes:
        properties: The wanted properties, every function resolved.
        old_properties: The properties before, on an update.
        physical_id: The resource to update or delete.
        made: Tells that the resource exists from now on, so that it is deleted if the rest of its creation
            fails.
    """

    client: Callable[[str], Any]
    made: Callable[[str], None]
    account: str
    region: str
    partition: str
    stack_name: str
    stack_id: str
    logical_id: str
    type: str
    properties: dict[str, Any]
    old_properties: dict[str, Any] = field(default_factory=dict)
    physical_id: str = ""

    def api(self, service: str, operation: str, **arguments: Any) -> Any:
        """Call an operation of our own endpoint as the administrator.

        Args:
            service: boto3's name of the service.
            operation: The operation as the API names it.
            arguments: Property values, loosely typed; None is left out.

        Raises:
            UnsupportedError: If the operation does not know an argument.
            ResourceFailedError: If the service refuses.
        """
        client = self.client(service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            return getattr(client, xform_name(operation))(**(fit(shape, given, "") if shape else {}))
        except ClientError as error:
            details = error.response["Error"]
            raise ResourceFailedError(
                f"{details.get('Message')} (Service: {service}, Operation: {operation}, "
                f"Status Code: {error.response['ResponseMetadata'].get('HTTPStatusCode')}, "
                f"Error Code: {details.get('Code')})"
            ) from error
        except BotoCoreError as error:
            raise ResourceFailedError(f"{service} {operation}: {error}") from error

    def tolerant(self, codes: tuple[str, ...], service: str, operation: str, **arguments: Any) -> Any:
        """Call an operation; None if it fails with one of these error codes (already gone, say)."""
        try:
            return self.api(service, operation, **arguments)
        except ResourceFailedError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"].get("Code") in codes:
                return None
            raise

    def require(self, holds: bool, message: str) -> None:
        """Fail the resource unless something holds.

        Raises:
            ResourceFailedError: With the message.
        """
        if not holds:
            raise ResourceFailedError(message)

    def arn(
        self, service: str, resource: str, *, region: str | None = None, account: str | None = None
    ) -> str:
        """An ARN of this account and Region."""
        return ":".join(
            (
                "arn",
                self.partition,
                service,
                self.region if region is None else region,
                self.account if account is None else account,
                resource,
            )
        )

    def generated_name(self, length: int, *, lower: bool = False, suffix: str = "") -> str:
        """A physical name as CloudFormation makes it: stack, logical id and a random end."""
        alphabet = string.ascii_lowercase + string.digits if lower else string.ascii_uppercase + string.digits
        end = "-" + "".join(secrets.choice(alphabet) for _ in range(12)) + suffix
        room = length - len(end)
        stack, logical = self.stack_name, self.logical_id
        if len(stack) + 1 + len(logical) > room:
            stack = stack[: max(room // 2, room - 1 - len(logical))]
            logical = logical[: room - 1 - len(stack)]
        name = f"{stack}-{logical}{end}"
        return name.lower() if lower else name

    def changed(self, *names: str) -> bool:
        """Whether one of these properties differs from before."""
        return any(self.properties.get(name) != self.old_properties.get(name) for name in names)


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A row of the table of resource types.

    Attributes:
        name: `AWS::SQS::Queue`, say.
        honours: The properties that have their effect.
        inert: Properties that are accepted and change nothing that a local run can observe.
        create: Makes the resource.
        update: Changes it in place. None: every change replaces it.
        delete: Removes it; it may be gone already.
        replaced_by: The properties whose change replaces the resource.
        named_by: The property that holds its physical name, if it may have one.
        tags_are_a_map: Whether `Tags` is a map, not a list of `Key` and `Value`.
        attributes_may_change: Whether an update in place may change what `Fn::GetAtt` returns.
    """

    name: str
    honours: frozenset[str]
    create: Callable[[Request], Created]
    delete: Callable[[Request], None]
    update: Callable[[Request], Created] | None = None
    inert: frozenset[str] = frozenset()
    replaced_by: frozenset[str] = frozenset()
    named_by: str | None = None
    tags_are_a_map: bool = False
    attributes_may_change: bool = False

    def check(self, logical_id: str, properties: Mapping[str, Any]) -> None:
        """Refuse properties that would be dropped.

        Raises:
            UnsupportedError: If a property is neither honoured nor known to be inert.
        """
        if unknown := sorted(set(properties) - self.honours - self.inert):
            raise UnsupportedError(
                f"Encountered unsupported property {', '.join(unknown)} of {self.name} ({logical_id}): "
                f"the local CloudFormation honours {', '.join(sorted(self.honours)) or 'none'}. "
                "Deploy to AWS, or teach vmie_local/cloudformation/types the property."
            )

    def replaces(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Whether going from the old to the new properties needs a new resource."""
        if self.update is None:
            return dict(old) != dict(new)
        return any(old.get(name) != new.get(name) for name in self.replaced_by)


def nothing(_: Request) -> None:
    """Delete what has no existence of its own."""
