"""The JSON Schema of requests, for editors: made from the tables that the runtime validates against."""

from __future__ import annotations

import json
import re
from typing import Any

from vmie_runtime.request_documents.disk_rules import MAX_DISKS
from vmie_runtime.request_documents.export_rules import PREFIX
from vmie_runtime.request_documents.files import MAX_ENTRIES
from vmie_runtime.request_documents.instance_rules import MAX_DISK_IMAGES
from vmie_runtime.request_documents.operations import SIGNATURES, beside_container, request_shape
from vmie_runtime.request_documents.options import IMAGE_IMPORT, OPTIONS, SNAPSHOT_IMPORT
from vmie_runtime.request_documents.shape import Shape
from vmie_runtime.request_documents.tag_rules import MAX_KEY, MAX_TAGS, MAX_VALUE, RESERVED, TAGGED

SCHEMA_FILE = "docs/request.schema.json"
_API = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_{}.html"
_JSON_TYPES = {
    "integer": "integer",
    "long": "integer",
    "double": "number",
    "boolean": "boolean",
    "timestamp": ["string", "number"],
}
# An editor that offers 1,400 instance types helps nobody; EC2's own list is in the shapes.
_OFFERED = 64
_KEY_NEEDS_ENCRYPTION = {"KmsKeyId": ["Encrypted"]}
_TASK_PREFIXES = {IMAGE_IMPORT: "import-ami-", SNAPSHOT_IMPORT: "import-snap-"}


def rendered_schema() -> str:
    """The text of `docs/request.schema.json`."""
    return json.dumps(request_schema(), indent=2, ensure_ascii=False) + "\n"


def request_schema() -> dict[str, Any]:
    """What a file under `requests/` may hold."""
    requests = [{"$ref": f"#/$defs/{operation}"} for operation in SIGNATURES]
    containers = [{"$ref": "#/$defs/DiskContainers"}, {"$ref": "#/$defs/DiskContainer"}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A request to import or export a virtual machine",
        "description": "One request, a fleet of them, or the user guide's containers.json.",
        "oneOf": [{"$ref": "#/$defs/Fleet"}, *requests, *containers],
        "$defs": {
            "Fleet": {
                "type": "object",
                "description": "Requests that live their own lives; one summary counts them.",
                "properties": {
                    "$schema": {"type": "string"},
                    "Requests": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MAX_ENTRIES,
                        "items": {"oneOf": [*requests, *containers]},
                    },
                },
                "required": ["Requests"],
                "additionalProperties": False,
            },
            **{operation: _request(operation) for operation in SIGNATURES},
            "DiskContainers": _property(IMAGE_IMPORT, "DiskContainers"),
            "DiskContainer": _bare_container(),
            "Tags": _tags(),
        },
    }


def _request(operation: str) -> dict[str, Any]:
    shape = request_shape(operation)
    schema = _schema(shape)
    schema["description"] = f"{operation}: {_API.format(operation)}"
    schema["properties"] = {
        "$schema": {"type": "string"},
        **{name: _property(operation, name) for name in shape.members},
    }
    schema["required"] = sorted({*shape.required, *SIGNATURES[operation]})
    if operation in _TASK_PREFIXES:
        del schema["required"]
        schema["anyOf"] = [
            {"required": list(SIGNATURES[operation])},
            {"required": ["Vmie"], "properties": {"Vmie": {"required": ["ImportTaskId"]}}},
        ]
    if "KmsKeyId" in shape.members:
        schema["dependentRequired"] = _KEY_NEEDS_ENCRYPTION
    if operation == IMAGE_IMPORT:
        schema["not"] = {"required": ["LicenseType", "UsageOperation"]}
    return schema


def _property(operation: str, name: str) -> dict[str, Any]:
    """The schema of one key of a request, with the rules that a schema can say."""
    if name == "Vmie":
        return _vmie(operation)
    schema = _schema(request_shape(operation).members[name])
    if name == "DiskContainers":
        schema |= {"minItems": 1, "maxItems": MAX_DISKS}
        schema["items"]["oneOf"] = _one_of_keys("UserBucket", "Url", "SnapshotId")
    elif name == "DiskContainer":
        schema["oneOf"] = _one_of_keys("UserBucket", "Url")
    elif name == "DiskImages":
        schema |= {"minItems": 1, "maxItems": MAX_DISK_IMAGES}
    elif name == "BootMode":
        schema["enum"] = [mode for mode in schema["enum"] if mode != "uefi-preferred"]
    elif name == "TagSpecifications":
        schema["items"]["properties"]["ResourceType"] = {"const": TAGGED[operation]}
    elif name in ("S3ExportLocation", "ExportToS3Task"):
        schema["properties"]["S3Prefix"] |= {"pattern": f"^{PREFIX}", "default": PREFIX}
    return schema


def _vmie(operation: str) -> dict[str, Any]:
    options = {name: option for name, option in OPTIONS.items() if operation in option.operations}
    properties = {}
    for name, option in options.items():
        schema = {"$ref": "#/$defs/Tags"} if name == "Tags" else _schema(option.shape)
        properties[name] = schema | {"description": f"{option.meaning} Default: {option.default}."}
    if "CreateVolume" in properties:
        properties["CreateVolume"]["dependentRequired"] = _KEY_NEEDS_ENCRYPTION
    if "ImportTaskId" in properties:
        properties["ImportTaskId"]["pattern"] = f"^{_TASK_PREFIXES[operation]}[0-9a-z]{{8,32}}$"
    properties["Deadline"]["pattern"] = "^P(?=.)([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$"
    return {
        "type": "object",
        "description": "Options of the pipeline.",
        "properties": properties,
        "additionalProperties": False,
    }


def _bare_container() -> dict[str, Any]:
    schema = _property(SNAPSHOT_IMPORT, "DiskContainer")
    schema["description"] = "One container alone: it is imported as a snapshot."
    request = _request(SNAPSHOT_IMPORT)
    schema["properties"] |= {name: request["properties"][name] for name in beside_container()}
    return schema | {"dependentRequired": request["dependentRequired"]}


def _tags() -> dict[str, Any]:
    reserved = "|".join("".join(f"[{letter}{letter.upper()}]" for letter in each[:-1]) for each in RESERVED)
    return {
        "type": "object",
        "maxProperties": MAX_TAGS,
        "propertyNames": {"minLength": 1, "maxLength": MAX_KEY, "pattern": f"^(?!({reserved}):)"},
        "additionalProperties": {"type": "string", "maxLength": MAX_VALUE},
    }


def _one_of_keys(*names: str) -> list[dict[str, Any]]:
    return [{"required": [name]} for name in names]


def _schema(shape: Shape) -> dict[str, Any]:
    if shape.type == "structure":
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: _schema(member) for name, member in shape.members.items()},
            "additionalProperties": False,
        }
        return schema | ({"required": list(shape.required)} if shape.required else {})
    if shape.type == "list" and shape.element is not None:
        return {"type": "array", "items": _schema(shape.element)}
    if shape.type == "map" and shape.element is not None:
        return {"type": "object", "additionalProperties": _schema(shape.element)}
    if shape.type == "string":
        return _string(shape)
    bounds = {"minimum": shape.minimum, "maximum": shape.maximum}
    return {
        "type": _JSON_TYPES[shape.type],
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }


def _string(shape: Shape) -> dict[str, Any]:
    if shape.values and shape.any_case:
        anyhow = "|".join(_in_any_case(value) for value in shape.values)
        return {"type": "string", "anyOf": [{"enum": list(shape.values)}, {"pattern": f"^({anyhow})$"}]}
    schema: dict[str, Any] = {"type": "string"}
    if shape.values and len(shape.values) <= _OFFERED:
        schema["enum"] = list(shape.values)
    if shape.pattern:
        schema |= {"pattern": f"^(?:{shape.pattern})$", "description": f"{shape.meaning}."}
    bounds = {"minLength": shape.minimum, "maxLength": shape.maximum}
    return schema | {name: bound for name, bound in bounds.items() if bound}


def _in_any_case(value: str) -> str:
    return "".join(
        f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else re.escape(letter) for letter in value
    )
