"""SSM parameters."""

from __future__ import annotations

from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_PASSED = ("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Policies")


def _create(request: Request) -> Created:
    name = request.properties.get("Name") or request.generated_name(512)
    passed = {key: request.properties.get(key) for key in _PASSED}
    request.api("ssm", "PutParameter", Name=name, Tags=tags.as_list(request.properties.get("Tags")), **passed)
    return _described(request, name)


def _update(request: Request) -> Created:
    name, wanted = request.physical_id, request.properties
    passed = {key: wanted.get(key) for key in _PASSED}
    request.api("ssm", "PutParameter", Name=name, Overwrite=True, **passed)
    if request.changed("Tags"):
        named = {"ResourceType": "Parameter", "ResourceId": name}
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("ssm", "RemoveTagsFromResource", TagKeys=keys, **named)
        request.api("ssm", "AddTagsToResource", Tags=tags.as_list(wanted.get("Tags")), **named)
    return _described(request, name)


def _described(request: Request, name: str) -> Created:
    attributes = {key: request.properties[key] for key in ("Type", "Value")}
    return Created(name, {**attributes, "Arn": request.arn("ssm", f"parameter/{name.removeprefix('/')}")})


def _delete(request: Request) -> None:
    request.tolerant(("ParameterNotFound",), "ssm", "DeleteParameter", Name=request.physical_id)


TYPES = (
    ResourceType(
        name="AWS::SSM::Parameter",
        honours=frozenset({"Name", "Tags", *_PASSED}),
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=frozenset({"Name"}),
        named_by="Name",
        tags_are_a_map=True,
    ),
)
