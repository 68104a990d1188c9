"""Operations on state machines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from vmie_local.front_door import ApiCall, ApiError
from vmie_local.workflows.definition import InvalidDefinitionError, read_definition
from vmie_local.workflows.paging import page
from vmie_local.workflows.state_machine import Revision, StateMachine
from vmie_local.workflows.store import MachineExistsError, NoSuchMachineError, Store, unversioned

_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_DEFAULTS: dict[str, Any] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
}


def no_such_machine(arn: str) -> ApiError:
    """The answer for a state machine that does not exist."""
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def check_name(name: str) -> None:
    """Refuse names that Step Functions refuses.

    Raises:
        ApiError: `InvalidName`.
    """
    if not _NAME.fullmatch(name):
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")


class MachinesApi:
    """Creates, changes, describes and lists state machines."""

    def __init__(self, store: Store) -> None:
        """Work on this store."""
        self._store = store

    def handlers(self) -> dict[str, Callable[[ApiCall], dict[str, Any]]]:
        """The handlers by operation."""
        return {
            "CreateStateMachine": self._create,
            "UpdateStateMachine": self._update,
            "DeleteStateMachine": self._delete,
            "DescribeStateMachine": self._describe,
            "ListStateMachines": self._list,
            "PublishStateMachineVersion": self._publish,
            "ListStateMachineVersions": self._list_versions,
            "DeleteStateMachineVersion": self._delete_version,
            "ValidateStateMachineDefinition": self._validate,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def _create(self, call: ApiCall) -> dict[str, Any]:
        given = call.parameters
        check_name(given["name"])
        if given.get("type", "STANDARD") != "STANDARD":
            raise ApiError("InvalidDefinition", "The local AWS runs STANDARD state machines only.")
        arn = f"arn:aws:states:{call.region}:{call.account}:stateMachine:{given['name']}"
        tags = {tag["key"]: tag["value"] for tag in given.get("tags") or ()}
        try:
            machine = self._store.create(arn, given["definition"], given["roleArn"], _settings(given), tags)
        except InvalidDefinitionError as error:
            raise _invalid(error) from error
        except MachineExistsError as error:
            message = f"State Machine Already Exists: '{arn}'"
            raise ApiError("StateMachineAlreadyExists", message) from error
        answer: dict[str, Any] = {"stateMachineArn": arn, "creationDate": machine.created_at}
        if given.get("publish"):
            version = self._store.publish(arn, given.get("versionDescription"))
            answer["stateMachineVersionArn"] = f"{arn}:{version.version}"
        return answer

    def _update(self, call: ApiCall) -> dict[str, Any]:
        given = call.parameters
        arn = given["stateMachineArn"]
        if not any(given.get(name) for name in ("definition", "roleArn", *_SETTINGS)):
            message = "Either the definition, the role ARN or a configuration must be specified"
            raise ApiError("MissingRequiredParameter", message)
        try:
            machine = self._store.update(arn, given.get("definition"), given.get("roleArn"), _settings(given))
        except InvalidDefinitionError as error:
            raise _invalid(error) from error
        except NoSuchMachineError as error:
            raise no_such_machine(arn) from error
        current = machine.current
        answer: dict[str, Any] = {"updateDate": current.at, "revisionId": current.revision_id}
        if given.get("publish"):
            version = self._store.publish(arn, given.get("versionDescription"))
            answer["stateMachineVersionArn"] = f"{arn}:{version.version}"
        return answer

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        self._store.delete(call.parameters["stateMachineArn"])
        return {}

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        arn = call.parameters["stateMachineArn"]
        machine, revision = self._machine(arn), self._revision(arn)
        described = describe_revision(revision)
        return {
            **described,
            "stateMachineArn": arn,
            "status": "ACTIVE",
            "type": "STANDARD",
            "creationDate": revision.at if revision.version else machine.created_at,
        }

    def _list(self, call: ApiCall) -> dict[str, Any]:
        here = f"arn:aws:states:{call.region}:{call.account}:"
        items = [
            {
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "type": "STANDARD",
                "creationDate": machine.created_at,
            }
            for machine in self._store.machines()
            if machine.arn.startswith(here)
        ]
        return page(call, "stateMachines", items, 1000)

    def _publish(self, call: ApiCall) -> dict[str, Any]:
        arn = call.parameters["stateMachineArn"]
        current = self._revision(arn)
        wanted = call.parameters.get("revisionId")
        if wanted and wanted != current.revision_id:
            message = (
                f"Failed to publish the State Machine version for revision {wanted}. The current one differs."
            )
            raise ApiError("ConflictException", message)
        version = self._store.publish(arn, call.parameters.get("description"))
        return {"creationDate": version.at, "stateMachineVersionArn": f"{arn}:{version.version}"}

    def _list_versions(self, call: ApiCall) -> dict[str, Any]:
        machine = self._machine(call.parameters["stateMachineArn"])
        items = [
            {"stateMachineVersionArn": f"{machine.arn}:{number}", "creationDate": revision.at}
            for number, revision in sorted(machine.versions.items(), reverse=True)
        ]
        return page(call, "stateMachineVersions", items, 1000)

    def _delete_version(self, call: ApiCall) -> dict[str, Any]:
        arn = call.parameters["stateMachineVersionArn"]
        machine = self._machine(arn)
        number = int(arn.rsplit(":", 1)[1]) if arn != unversioned(arn) else 0
        machine.versions.pop(number, None)
        return {}

    def _validate(self, call: ApiCall) -> dict[str, Any]:
        try:
            read_definition(call.parameters["definition"])
        except InvalidDefinitionError as error:
            found = [_diagnostic(problem) for problem in error.problems]
            return {"result": "FAIL", "diagnostics": found}
        return {"result": "OK", "diagnostics": []}

    def _tag(self, call: ApiCall) -> dict[str, Any]:
        machine = self._machine(call.parameters["resourceArn"])
        machine.tags.update({tag["key"]: tag["value"] for tag in call.parameters["tags"]})
        return {}

    def _untag(self, call: ApiCall) -> dict[str, Any]:
        machine = self._machine(call.parameters["resourceArn"])
        for key in call.parameters["tagKeys"]:
            machine.tags.pop(key, None)
        return {}

    def _list_tags(self, call: ApiCall) -> dict[str, Any]:
        machine = self._machine(call.parameters["resourceArn"])
        return {"tags": [{"key": key, "value": value} for key, value in machine.tags.items()]}

    def _machine(self, arn: str) -> StateMachine:
        try:
            return self._store.machine(arn)
        except NoSuchMachineError as error:
            raise no_such_machine(arn) from error

    def _revision(self, arn: str) -> Revision:
        try:
            return self._store.revision(arn)
        except NoSuchMachineError as error:
            raise no_such_machine(arn) from error


def describe_revision(revision: Revision) -> dict[str, Any]:
    """The members that describing a state machine and describing one of an execution share."""
    return {
        "stateMachineArn": revision.arn,
        "name": revision.name,
        "definition": revision.source,
        "roleArn": revision.role_arn,
        "revisionId": revision.revision_id,
        **_DEFAULTS,
        **revision.settings,
    }


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _SETTINGS if given.get(name) is not None}


def _invalid(error: InvalidDefinitionError) -> ApiError:
    return ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{error}'")


def _diagnostic(problem: str) -> dict[str, str]:
    code, _, message = problem.partition(": ")
    message, _, location = message.rpartition(" at ")
    return {"severity": "ERROR", "code": code, "message": message, "location": location}
