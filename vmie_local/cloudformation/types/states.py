"""Step Functions state machines."""

from __future__ import annotations

import json
import re
from typing import Any

from vmie_local.cloudformation.api_arguments import text
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_NO_LOGGING = {"level": "OFF", "includeExecutionData": False, "destinations": []}


def _create(request: Request) -> Created:
    wanted = request.properties
    arn = request.api(
        "stepfunctions",
        "CreateStateMachine",
        name=wanted.get("StateMachineName") or request.generated_name(80),
        definition=_definition(request),
        roleArn=wanted["RoleArn"],
        type=wanted.get("StateMachineType", "STANDARD"),
        loggingConfiguration=wanted.get("LoggingConfiguration"),
        tracingConfiguration=wanted.get("TracingConfiguration"),
        encryptionConfiguration=wanted.get("EncryptionConfiguration"),
        tags=_tags(wanted),
    )["stateMachineArn"]
    return _described(request, arn)


def _update(request: Request) -> Created:
    wanted, arn = request.properties, request.physical_id
    request.api(
        "stepfunctions",
        "UpdateStateMachine",
        stateMachineArn=arn,
        definition=_definition(request),
        roleArn=wanted["RoleArn"],
        loggingConfiguration=wanted.get("LoggingConfiguration", _NO_LOGGING),
        tracingConfiguration=wanted.get("TracingConfiguration", {"enabled": False}),
        encryptionConfiguration=wanted.get("EncryptionConfiguration"),
    )
    if request.changed("Tags"):
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("stepfunctions", "UntagResource", resourceArn=arn, tagKeys=keys)
        request.api("stepfunctions", "TagResource", resourceArn=arn, tags=_tags(wanted))
    return _described(request, arn)


def _tags(properties: dict[str, Any]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.as_map(properties.get("Tags")).items()]


def _definition(request: Request) -> str:
    wanted = request.properties
    if "DefinitionS3Location" in wanted:
        location = wanted["DefinitionS3Location"]
        answer = request.api("s3", "GetObject", **{**location, "VersionId": location.get("Version")})
        source = answer["Body"].read().decode()
    elif "Definition" in wanted:
        source = json.dumps(wanted["Definition"])
    else:
        source = wanted["DefinitionString"]
    values = wanted.get("DefinitionSubstitutions") or {}
    return _SUBSTITUTION.sub(lambda match: text(values[match[1]]) if match[1] in values else match[0], source)


def _described(request: Request, arn: str) -> Created:
    found = request.api("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
    # A machine has a revision once it was updated; before that the attribute is this word.
    revision = found.get("revisionId", "INITIAL")
    return Created(arn, {"Arn": arn, "Name": found["name"], "StateMachineRevisionId": revision})


def _delete(request: Request) -> None:
    request.tolerant(
        ("StateMachineDoesNotExist",),
        "stepfunctions",
        "DeleteStateMachine",
        stateMachineArn=request.physical_id,
    )


TYPES = (
    ResourceType(
        name="AWS::StepFunctions::StateMachine",
        honours=frozenset(
            {
                "Definition",
                "DefinitionS3Location",
                "DefinitionString",
                "DefinitionSubstitutions",
                "EncryptionConfiguration",
                "LoggingConfiguration",
                "RoleArn",
                "StateMachineName",
                "StateMachineType",
                "Tags",
                "TracingConfiguration",
            }
        ),
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=frozenset({"StateMachineName", "StateMachineType"}),
        named_by="StateMachineName",
    ),
)
