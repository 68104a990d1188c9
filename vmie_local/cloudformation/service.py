"""CloudFormation's actions: what a caller may ask, done to the stacks."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmie_local.cloudformation import parameters
from vmie_local.cloudformation.deletion import delete_stack
from vmie_local.cloudformation.errors import ResourceFailedError, TemplateError
from vmie_local.cloudformation.operation import Deployment
from vmie_local.cloudformation.plan import preview
from vmie_local.cloudformation.resource_handler import ResourceHandler, TypeLookup
from vmie_local.cloudformation.scope import PreviewScope, StackScope, partition_of
from vmie_local.cloudformation.stack import ChangeSet, Stack
from vmie_local.cloudformation.stacks import Stacks
from vmie_local.cloudformation.surroundings import read_template_file, surroundings
from vmie_local.cloudformation.template import Template, parse

_NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
# Parameters that would change what a deployment does. RoleARN is shown and not assumed: operations run as the
# administrator, as the CDK's execution role may do everything.
_UNIMPLEMENTED = (
    "DeploymentMode",
    "NotificationARNs",
    "OnFailure",
    "OnStackFailure",
    "ResourceTypes",
    "ResourcesToImport",
    "RollbackConfiguration",
    "StackPolicyBody",
    "StackPolicyURL",
    "TimeoutInMinutes",
)
_ANSWER_WITHIN_SECONDS = 20.0
_DEPLOYABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_FAILED",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)


class ValidationError(Exception):
    """The call is refused; the message is CloudFormation's."""


@dataclass(frozen=True)
class Caller:
    """Whose account and Region a call is about."""

    account: str
    region: str


class StackService:
    """Creates, updates and deletes stacks, one thread per operation."""

    def __init__(self, types: TypeLookup, client: Callable[[str, str], Any]) -> None:
        """Begin without stacks.

        Args:
            types: The row of a resource type, or None.
            client: An administrator's boto3 client by service and Region.
        """
        self.stacks = Stacks()
        self._types, self._client = types, client
        self._threads: list[threading.Thread] = []

    def create_change_set(self, caller: Caller, call: dict[str, Any]) -> ChangeSet:
        """Make a change set; for a new stack, the stack too.

        Raises:
            ValidationError: If the stack is not in a state to be changed, or the template cannot be read.
        """
        _refuse_unimplemented(call)
        kind = call.get("ChangeSetType", "UPDATE")
        stack = self._stack_for_change_set(caller, kind, call["StackName"])
        try:
            template = self._template(stack, call)
            change_set = self._change_set(stack, kind, template, call)
        except TemplateError as error:
            if stack.status == "REVIEW_IN_PROGRESS" and not stack.change_sets:
                self.stacks.remove(stack)
            raise ValidationError(str(error)) from error
        with stack.lock:
            stack.change_sets[change_set.name] = change_set
        return change_set

    def execute_change_set(
        self, stack: Stack, change_set: ChangeSet, *, disable_rollback: bool, token: str
    ) -> None:
        """Begin a deployment.

        Raises:
            ValidationError: If the change set cannot be executed.
        """
        if change_set.execution_status != "AVAILABLE":
            raise ValidationError(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of "
                f"[{change_set.status}]"
            )
        with stack.lock:
            if stack.busy:
                raise ValidationError(
                    f"Stack [{stack.name}] is in {stack.status} state and can not be updated."
                )
            stack.disable_rollback, stack.client_token = disable_rollback, token
            stack.change_set_id = change_set.id
            stack.capabilities = change_set.call.get("Capabilities", [])
            stack.notification_arns = change_set.call.get("NotificationARNs", [])
            stack.role_arn = change_set.call.get("RoleARN", stack.role_arn)
            # CloudFormation deletes every change set of a stack once one of them is executed.
            stack.change_sets.clear()
            stack.status = f"{'UPDATE' if stack.template else 'CREATE'}_IN_PROGRESS"
        scope = StackScope(
            stack, change_set.parameters, stack.resources, surroundings(stack, self.stacks, self._client)
        )
        deployment = Deployment(
            stack,
            change_set,
            _tags(change_set.call),
            scope,
            self._handler(stack),
            lambda outputs: self.stacks.check_exports(stack, outputs),
        )

        def run() -> None:
            deployment.run()
            self.stacks.record_imports(stack, scope.imports)

        self._begin(stack, run)

    def delete(self, stack: Stack, token: str) -> None:
        """Begin to delete a stack.

        Raises:
            ValidationError: If it is protected or its exports are in use.
        """
        if stack.termination_protection:
            raise ValidationError(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        for output in stack.outputs.values():
            if output.export_name and (users := self.stacks.importers(stack, output.export_name)):
                raise ValidationError(
                    f"Cannot delete export {output.export_name} as it is in use by {', '.join(users)}."
                )
        with stack.lock:
            if stack.busy:
                raise ValidationError(
                    f"Stack [{stack.name}] is in {stack.status} state and can not be deleted."
                )
            stack.status, stack.client_token = "DELETE_IN_PROGRESS", token
            stack.change_sets.clear()
        handler = self._handler(stack)
        self._begin(stack, lambda: delete_stack(stack, handler))

    def read_template(self, caller: Caller, call: dict[str, Any]) -> Template:
        """The template that a call carries or points at.

        Raises:
            ValidationError: If it cannot be read.
        """
        try:
            return self._load(caller.region, call)
        except TemplateError as error:
            raise ValidationError(str(error)) from error

    def join(self, seconds: float) -> None:
        """Wait for the running operations to end."""
        for thread in self._threads:
            thread.join(seconds)

    def _begin(self, stack: Stack, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=f"stack {stack.name}", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()
        # The CDK CLI polls every five seconds: an answer at the end of a short operation spares it that.
        thread.join(_ANSWER_WITHIN_SECONDS)

    def _stack_for_change_set(self, caller: Caller, kind: str, name: str) -> Stack:
        stack = self.stacks.find(caller.region, name)
        if kind == "CREATE":
            if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
                raise ValidationError(
                    f"Stack [{name}] already exists and cannot be created again with the changeSet."
                )
            return stack or self.stacks.add(name, caller.account, caller.region, partition_of(caller.region))
        if kind != "UPDATE":
            raise ValidationError(f"The local CloudFormation does not implement change sets of type {kind}.")
        if stack is None:
            raise ValidationError(f"Stack [{name}] does not exist")
        if stack.status not in _DEPLOYABLE:
            raise ValidationError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        return stack

    def _template(self, stack: Stack, call: dict[str, Any]) -> Template:
        if call.get("UsePreviousTemplate"):
            if stack.template is None:
                raise TemplateError("The stack has no previous template.")
            return stack.template
        return self._load(stack.region, call)

    def _load(self, region: str, call: dict[str, Any]) -> Template:
        if body := call.get("TemplateBody"):
            return parse(body)
        if not (url := call.get("TemplateURL")):
            raise TemplateError("Either Template URL or Template Body must be specified.")
        return parse(read_template_file(self._client("s3", region), url))

    def _change_set(self, stack: Stack, kind: str, template: Template, call: dict[str, Any]) -> ChangeSet:
        outside = surroundings(stack, self.stacks, self._client)
        values = parameters.resolve(
            template.parameters, call.get("Parameters", []), stack.parameters, outside.ssm_value
        )
        partition = partition_of(stack.region)
        name = call["ChangeSetName"]
        change_set = ChangeSet(
            name=name,
            id=f"arn:{partition}:cloudformation:{stack.region}:{stack.account}:changeSet/{name}/{uuid.uuid4()}",
            kind=kind,
            template=template,
            parameters=values,
            call=call,
        )
        scope = PreviewScope(stack, values, stack.resources, outside)
        try:
            found = preview(stack, template, scope, self._handler(stack), _tags(call))
        except ResourceFailedError as error:
            return _failed(change_set, str(error))
        change_set.changes = found.changes
        return change_set if found.anything else _failed(change_set, _NO_CHANGES)

    def _handler(self, stack: Stack) -> ResourceHandler:
        return ResourceHandler(stack, self._types, lambda service: self._client(service, stack.region))


def _refuse_unimplemented(call: dict[str, Any]) -> None:
    for name in _UNIMPLEMENTED:
        if call.get(name) not in (None, [], {}, "", False, "ROLLBACK"):
            raise ValidationError(f"The local CloudFormation does not implement the parameter {name}.")


def _tags(call: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in call.get("Tags", [])}


def _failed(change_set: ChangeSet, reason: str) -> ChangeSet:
    change_set.status, change_set.reason, change_set.execution_status = "FAILED", reason, "UNAVAILABLE"
    return change_set
