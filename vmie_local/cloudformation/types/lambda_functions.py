"""Lambda functions, versions, aliases and permissions."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from vmie_local.cloudformation.errors import ResourceFailedError, UnsupportedError
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("ResourceNotFoundException",)
# What each setting becomes when an update drops it from the template.
_DEFAULTS: dict[str, Any] = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Handler": None,
    "KmsKeyArn": "",
    "LoggingConfig": None,
    "MemorySize": 128,
    "Role": None,
    "Runtime": None,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
_API_NAMES = {"KmsKeyArn": "KMSKeyArn"}


def _create_function(request: Request) -> Created:
    wanted = request.properties
    name = wanted.get("FunctionName") or request.generated_name(64)
    request.api(
        "lambda",
        "CreateFunction",
        FunctionName=name,
        Code=_code(wanted),
        Architectures=wanted.get("Architectures"),
        PackageType=_package_type(wanted),
        Tags=tags.as_map(wanted.get("Tags")),
        **_configuration(wanted),
    )
    request.made(name)
    _reserve(request, name)
    return _described(request, name)


def _update_function(request: Request) -> Created:
    wanted, name = request.properties, request.physical_id
    if request.changed(*_DEFAULTS):
        given = _configuration(wanted)
        for prop, default in _DEFAULTS.items():
            if prop not in wanted and request.changed(prop):
                given[_API_NAMES.get(prop, prop)] = default
        request.api("lambda", "UpdateFunctionConfiguration", FunctionName=name, **given)
    if request.changed("Code", "Architectures"):
        request.api(
            "lambda",
            "UpdateFunctionCode",
            FunctionName=name,
            Architectures=wanted.get("Architectures", ["x86_64"]),
            **_code(wanted),
        )
    if request.changed("ReservedConcurrentExecutions"):
        _reserve(request, name)
    created = _described(request, name)
    if request.changed("Tags"):
        resource = created.attributes["Arn"]
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("lambda", "UntagResource", Resource=resource, TagKeys=keys)
        request.api("lambda", "TagResource", Resource=resource, Tags=tags.as_map(wanted.get("Tags")))
    return created


def _configuration(properties: dict[str, Any]) -> dict[str, Any]:
    return {_API_NAMES.get(name, name): properties[name] for name in _DEFAULTS if name in properties}


def _package_type(properties: dict[str, Any]) -> str:
    if (kind := properties.get("PackageType", "Zip")) != "Zip":
        raise UnsupportedError(f"PackageType {kind}: the local AWS runs functions from zip archives only")
    return "Zip"


def _code(properties: dict[str, Any]) -> dict[str, Any]:
    code = dict(properties["Code"])
    if (source := code.get("ZipFile")) is not None:
        # Inline source: CloudFormation makes the archive, with the module named index.
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("index.py", source)
        code["ZipFile"] = archive.getvalue()
    return code


def _reserve(request: Request, name: str) -> None:
    reserved = request.properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        request.api(
            "lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=reserved
        )
    elif request.changed("ReservedConcurrentExecutions"):
        request.api("lambda", "DeleteFunctionConcurrency", FunctionName=name)


def _described(request: Request, name: str) -> Created:
    found = request.api("lambda", "GetFunctionConfiguration", FunctionName=name)
    return Created(name, {"Arn": found["FunctionArn"]})


def _delete_function(request: Request) -> None:
    request.tolerant(_GONE, "lambda", "DeleteFunction", FunctionName=request.physical_id)


def _publish(request: Request) -> Created:
    function = request.properties["FunctionName"]
    versions = request.api("lambda", "ListVersionsByFunction", FunctionName=function)["Versions"]
    published = request.api(
        "lambda",
        "PublishVersion",
        FunctionName=function,
        Description=request.properties.get("Description"),
        CodeSha256=request.properties.get("CodeSha256"),
    )
    if published["Version"] in {one["Version"] for one in versions}:
        # PublishVersion answers the newest version when nothing changed; CloudFormation fails on that.
        raise ResourceFailedError(
            f"A version for this Lambda function exists ( {published['Version']} ). "
            "Modify the function to create a new version."
        )
    arn = published["FunctionArn"]
    return Created(arn, {"FunctionArn": arn, "Version": published["Version"]})


def _delete_version(request: Request) -> None:
    function, _, version = request.physical_id.rpartition(":")
    request.tolerant(_GONE, "lambda", "DeleteFunction", FunctionName=function, Qualifier=version)


def _create_alias(request: Request) -> Created:
    arn = request.api("lambda", "CreateAlias", **request.properties)["AliasArn"]
    return Created(arn, {"AliasArn": arn})


def _update_alias(request: Request) -> Created:
    routing = request.properties.get("RoutingConfig") or {"AdditionalVersionWeights": {}}
    arguments = {"Description": "", **request.properties, "RoutingConfig": routing}
    arn = request.api("lambda", "UpdateAlias", **arguments)["AliasArn"]
    return Created(arn, {"AliasArn": arn})


def _delete_alias(request: Request) -> None:
    function, _, name = request.physical_id.rpartition(":")
    request.tolerant(_GONE, "lambda", "DeleteAlias", FunctionName=function, Name=name)


def _permit(request: Request) -> Created:
    statement = request.generated_name(100)
    arguments = dict(request.properties)
    function, qualifier = split_qualifier(arguments.pop("FunctionName"))
    request.api(
        "lambda",
        "AddPermission",
        FunctionName=function,
        Qualifier=qualifier,
        StatementId=statement,
        **arguments,
    )
    return Created(statement, {"Id": statement})


def _forbid(request: Request) -> None:
    function, qualifier = split_qualifier(request.properties["FunctionName"])
    request.tolerant(
        _GONE,
        "lambda",
        "RemovePermission",
        FunctionName=function,
        Qualifier=qualifier,
        StatementId=request.physical_id,
    )


def split_qualifier(function: str) -> tuple[str, str | None]:
    """A function's name or ARN without its version or alias, and that."""
    parts = function.split(":")
    if parts[0] == "arn":
        return (":".join(parts[:7]), parts[7]) if len(parts) > 7 else (function, None)
    return (parts[0], parts[1]) if len(parts) > 1 else (function, None)


TYPES = (
    ResourceType(
        name="AWS::Lambda::Function",
        honours=frozenset(
            {
                "Architectures",
                "Code",
                "FunctionName",
                "PackageType",
                "ReservedConcurrentExecutions",
                "Tags",
                *_DEFAULTS,
            }
        ),
        create=_create_function,
        update=_update_function,
        delete=_delete_function,
        replaced_by=frozenset({"FunctionName", "PackageType"}),
        named_by="FunctionName",
    ),
    ResourceType(
        name="AWS::Lambda::Version",
        honours=frozenset({"FunctionName", "Description", "CodeSha256"}),
        create=_publish,
        delete=_delete_version,
    ),
    ResourceType(
        name="AWS::Lambda::Alias",
        honours=frozenset({"FunctionName", "Name", "FunctionVersion", "Description", "RoutingConfig"}),
        create=_create_alias,
        update=_update_alias,
        delete=_delete_alias,
        replaced_by=frozenset({"FunctionName", "Name"}),
    ),
    # Stored and shown by GetPolicy; resource policies are not evaluated.
    ResourceType(
        name="AWS::Lambda::Permission",
        honours=frozenset(
            {
                "Action",
                "EventSourceToken",
                "FunctionName",
                "FunctionUrlAuthType",
                "Principal",
                "PrincipalOrgID",
                "SourceAccount",
                "SourceArn",
            }
        ),
        create=_permit,
        delete=_forbid,
    ),
)
