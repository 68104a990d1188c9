"""CloudFormation's API: parameters in, output members out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from vmie_local.cloudformation import descriptions
from vmie_local.cloudformation.service import Caller, StackService, ValidationError
from vmie_local.cloudformation.stack import ChangeSet, Stack
from vmie_local.front_door import ApiCall, ApiError

_PAGE = 100


class Api:
    """Handlers of the operations, for the front door."""

    def __init__(self, service: StackService) -> None:
        """Answer for a service."""
        self._service = service
        self.handlers: Mapping[str, Callable[[ApiCall], Mapping[str, Any]]] = {
            "CreateChangeSet": self._create_change_set,
            "DescribeChangeSet": self._describe_change_set,
            "ExecuteChangeSet": self._execute_change_set,
            "DeleteChangeSet": self._delete_change_set,
            "ListChangeSets": self._list_change_sets,
            "CreateStack": self._create_stack,
            "UpdateStack": self._update_stack,
            "DeleteStack": self._delete_stack,
            "DescribeStacks": self._describe_stacks,
            "ListStacks": self._list_stacks,
            "DescribeStackEvents": self._describe_stack_events,
            "DescribeStackResource": self._describe_stack_resource,
            "DescribeStackResources": self._describe_stack_resources,
            "ListStackResources": self._list_stack_resources,
            "ListExports": self._list_exports,
            "ListImports": self._list_imports,
            "GetTemplate": self._get_template,
            "GetTemplateSummary": self._get_template_summary,
            "ValidateTemplate": self._get_template_summary,
            "UpdateTerminationProtection": self._update_termination_protection,
            "DescribeEvents": self._describe_events,
            "ListHookResults": self._list_hook_results,
        }

    def unimplemented(self, call: ApiCall) -> NoReturn:
        """Refuse an operation that is not in the table."""
        raise ApiError(
            "ValidationError",
            f"The local CloudFormation does not implement {call.operation}. Deploy with change sets, as "
            "the CDK CLI does by default.",
        )

    def _create_change_set(self, call: ApiCall) -> Mapping[str, Any]:
        change_set = self._made(call, call.parameters)
        stack = self._stack(call)
        return {"Id": change_set.id, "StackId": stack.id}

    def _describe_change_set(self, call: ApiCall) -> Mapping[str, Any]:
        stack, change_set = self._change_set(call)
        changes, token = _page(change_set.changes, call.parameters)
        values = bool(call.parameters.get("IncludePropertyValues"))
        return {**descriptions.change_set(stack, change_set, changes, values), **token}

    def _execute_change_set(self, call: ApiCall) -> Mapping[str, Any]:
        stack, change_set = self._change_set(call)
        self._execute(stack, change_set, call.parameters)
        return {}

    def _delete_change_set(self, call: ApiCall) -> Mapping[str, Any]:
        try:
            stack, change_set = self._change_set(call)
        except ApiError:
            return {}
        with stack.lock:
            stack.change_sets.pop(change_set.name, None)
        return {}

    def _list_change_sets(self, call: ApiCall) -> Mapping[str, Any]:
        stack = self._stack(call)
        return {
            "Summaries": [descriptions.change_set_summary(stack, one) for one in stack.change_sets.values()]
        }

    def _create_stack(self, call: ApiCall) -> Mapping[str, Any]:
        if self._service.stacks.find(call.region, call.parameters["StackName"]):
            raise ApiError("AlreadyExistsException", f"Stack [{call.parameters['StackName']}] already exists")
        return self._deploy_directly(call, "CREATE")

    def _update_stack(self, call: ApiCall) -> Mapping[str, Any]:
        return self._deploy_directly(call, "UPDATE")

    def _deploy_directly(self, call: ApiCall, kind: str) -> Mapping[str, Any]:
        request = {**call.parameters, "ChangeSetType": kind, "ChangeSetName": f"direct-{kind.lower()}"}
        change_set = self._made(call, request)
        stack = self._stack(call)
        if change_set.status == "FAILED":
            unchanged = "didn't contain changes" in change_set.reason
            with stack.lock:
                stack.change_sets.pop(change_set.name, None)
                if stack.status == "REVIEW_IN_PROGRESS":
                    self._service.stacks.remove(stack)
            raise ApiError(
                "ValidationError", "No updates are to be performed." if unchanged else change_set.reason
            )
        self._execute(stack, change_set, call.parameters)
        return {"StackId": stack.id}

    def _delete_stack(self, call: ApiCall) -> Mapping[str, Any]:
        for name in ("RetainResources", "DeletionMode"):
            if call.parameters.get(name) not in (None, [], "STANDARD"):
                raise ApiError("ValidationError", f"The local CloudFormation does not implement {name}.")
        stack = self._service.stacks.find(call.region, call.parameters["StackName"])
        if stack is not None and stack.status != "DELETE_COMPLETE":
            try:
                self._service.delete(stack, call.parameters.get("ClientRequestToken", ""))
            except ValidationError as error:
                raise ApiError("ValidationError", str(error)) from error
        return {}

    def _describe_stacks(self, call: ApiCall) -> Mapping[str, Any]:
        if "StackName" in call.parameters:
            return {"Stacks": [descriptions.stack(self._stack(call, "Stack with id {} does not exist"))]}
        live = [one for one in self._service.stacks.all(call.region) if one.status != "DELETE_COMPLETE"]
        stacks, token = _page(live, call.parameters)
        return {"Stacks": [descriptions.stack(one) for one in stacks], **token}

    def _list_stacks(self, call: ApiCall) -> Mapping[str, Any]:
        wanted = call.parameters.get("StackStatusFilter")
        found = [one for one in self._service.stacks.all(call.region) if not wanted or one.status in wanted]
        stacks, token = _page(found, call.parameters)
        return {"StackSummaries": [descriptions.stack_summary(one) for one in stacks], **token}

    def _describe_stack_events(self, call: ApiCall) -> Mapping[str, Any]:
        stack = self._stack(call)
        with stack.lock:
            events, token = _page(list(reversed(stack.events)), call.parameters)
        return {"StackEvents": events, **token}

    def _describe_events(self, call: ApiCall) -> Mapping[str, Any]:
        """A stack's events; for a change set none, as what early validation finds fails it."""
        if "ChangeSetName" in call.parameters or "StackName" not in call.parameters:
            return {"OperationEvents": []}
        stack = self._stack(call)
        with stack.lock:
            events, token = _page(list(reversed(stack.events)), call.parameters)
        return {"OperationEvents": [{**event, "EventType": "STACK_EVENT"} for event in events], **token}

    def _list_hook_results(self, call: ApiCall) -> Mapping[str, Any]:  # noqa: ARG002 - the signature of a handler
        """Nobody can register a hook here."""
        return {"HookResults": []}

    def _describe_stack_resource(self, call: ApiCall) -> Mapping[str, Any]:
        stack = self._stack(call)
        resource = stack.resources.get(call.parameters["LogicalResourceId"])
        if resource is None:
            name = call.parameters["LogicalResourceId"]
            raise ApiError("ValidationError", f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDetail": descriptions.resource_detail(stack, resource)}

    def _describe_stack_resources(self, call: ApiCall) -> Mapping[str, Any]:
        if "StackName" not in call.parameters:
            raise ApiError("ValidationError", "The local CloudFormation finds resources by StackName only.")
        stack = self._stack(call)
        wanted = call.parameters.get("LogicalResourceId")
        with stack.lock:
            found = [one for one in stack.resources.values() if wanted in (None, one.logical_id)]
        return {"StackResources": [descriptions.resource(stack, one) for one in found]}

    def _list_stack_resources(self, call: ApiCall) -> Mapping[str, Any]:
        stack = self._stack(call)
        with stack.lock:
            page, token = _page(list(stack.resources.values()), call.parameters)
        return {"StackResourceSummaries": [descriptions.resource_summary(one) for one in page], **token}

    def _list_exports(self, call: ApiCall) -> Mapping[str, Any]:
        page, token = _page(sorted(self._service.stacks.exports(call.region).items()), call.parameters)
        return {
            "Exports": [
                {"ExportingStackId": stack.id, "Name": name, "Value": output.value}
                for name, (stack, output) in page
            ],
            **token,
        }

    def _list_imports(self, call: ApiCall) -> Mapping[str, Any]:
        name = call.parameters["ExportName"]
        found = self._service.stacks.exports(call.region).get(name)
        users = self._service.stacks.importers(found[0], name) if found else []
        if not users:
            raise ApiError("ValidationError", f"Export '{name}' is not imported by any stack.")
        return {"Imports": users}

    def _get_template(self, call: ApiCall) -> Mapping[str, Any]:
        stack = self._stack(call)
        if "ChangeSetName" in call.parameters:
            template = self._change_set(call)[1].template
        elif stack.template is None:
            return {"TemplateBody": "", "StagesAvailable": ["Original", "Processed"]}
        else:
            template = stack.template
        return {"TemplateBody": template.text, "StagesAvailable": ["Original", "Processed"]}

    def _get_template_summary(self, call: ApiCall) -> Mapping[str, Any]:
        if "StackName" in call.parameters:
            template = self._stack(call).template
            if template is None:
                raise ApiError(
                    "ValidationError", f"Stack [{call.parameters['StackName']}] has no template yet"
                )
        else:
            try:
                template = self._service.read_template(_caller(call), call.parameters)
            except ValidationError as error:
                raise ApiError("ValidationError", str(error)) from error
        return descriptions.template_summary(template)

    def _update_termination_protection(self, call: ApiCall) -> Mapping[str, Any]:
        stack = self._stack(call)
        stack.termination_protection = bool(call.parameters["EnableTerminationProtection"])
        return {"StackId": stack.id}

    def _made(self, call: ApiCall, request: dict[str, Any]) -> ChangeSet:
        try:
            return self._service.create_change_set(_caller(call), request)
        except ValidationError as error:
            raise ApiError("ValidationError", str(error)) from error

    def _execute(self, stack: Stack, change_set: ChangeSet, request: Mapping[str, Any]) -> None:
        try:
            self._service.execute_change_set(
                stack,
                change_set,
                disable_rollback=bool(request.get("DisableRollback")),
                token=request.get("ClientRequestToken", ""),
            )
        except ValidationError as error:
            raise ApiError("InvalidChangeSetStatus", str(error)) from error

    def _stack(self, call: ApiCall, message: str = "Stack [{}] does not exist") -> Stack:
        return self._find(call, call.parameters["StackName"], message)

    def _find(self, call: ApiCall, name: str, message: str) -> Stack:
        stack = self._service.stacks.find(call.region, name)
        if stack is None:
            raise ApiError("ValidationError", message.format(name))
        return stack

    def _change_set(self, call: ApiCall) -> tuple[Stack, ChangeSet]:
        wanted = call.parameters["ChangeSetName"]
        name = call.parameters.get("StackName")
        stacks = [self._stack(call)] if name else self._service.stacks.all(call.region)
        for stack in stacks:
            for change_set in stack.change_sets.values():
                if wanted in (change_set.name, change_set.id):
                    return stack, change_set
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{wanted}] does not exist", 404)


def _caller(call: ApiCall) -> Caller:
    return Caller(call.account, call.region)


def _page(items: list[Any], request: Mapping[str, Any]) -> tuple[list[Any], dict[str, str]]:
    start = int(request.get("NextToken") or 0)
    page = items[start : start + _PAGE]
    return page, {"NextToken": str(start + _PAGE)} if start + _PAGE < len(items) else {}
