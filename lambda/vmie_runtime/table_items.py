"""Requests as DynamoDB keeps them: attribute values, and updates with their conditions."""

from __future__ import annotations

import json
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from vmie_runtime.made import Made
from vmie_runtime.request import ATTRIBUTES

# Documents are kept as JSON text: DynamoDB's numbers would come back as another type.
_DOCUMENTS = ("Advice", "Counts", "Disks", "Inspection", "Options", "Outcome", "Parameters", "Stop")
_MADE = "Made"


def serialise(values: dict[str, Any]) -> dict[str, Any]:
    """Plain values as attribute values."""
    serialiser = TypeSerializer()
    return {name: serialiser.serialize(_stored(name, value)) for name, value in values.items()}


def deserialise(item: dict[str, Any]) -> dict[str, Any]:
    """An item's attribute values as plain values."""
    deserialiser = TypeDeserializer()
    plain: dict[str, Any] = {}
    for name, value in item.items():
        found = deserialiser.deserialize(value)
        if name in _DOCUMENTS:
            found = json.loads(found)
        elif name == _MADE:
            found = Made.from_document(json.loads(found))
        elif "N" in value:
            found = int(found)
        plain[name] = found
    return plain


def update_operation(
    request_id: str, changes: dict[str, Any], expect: str | None, unset: str
) -> dict[str, Any]:
    """What UpdateItem takes, but for the table's name.

    Args:
        request_id: The request.
        changes: Field names of `Request`, or attributes of its source, and their values; None removes one.
        expect: Only while the request's `OpenState` is this; None: only while it is open.
        unset: Only while this field is not set; empty: whether it is or not.
    """
    names = {"#state": "OpenState"}
    values: dict[str, Any] = {}
    sets, removes = [], []
    for number, (field, value) in enumerate(changes.items()):
        attribute = ATTRIBUTES.get(field, field)
        names[f"#{number}"] = attribute
        if value is None:
            removes.append(f"#{number}")
        else:
            sets.append(f"#{number} = :{number}")
            values[f":{number}"] = _stored(attribute, value)
    conditions = ["attribute_exists(#state)"]
    if expect is not None:
        conditions = ["#state = :expected"]
        values[":expected"] = expect
    if unset:
        names["#unset"] = ATTRIBUTES[unset]
        conditions.append("attribute_not_exists(#unset)")
    expression = ("SET " + ", ".join(sets) if sets else "") + (
        " REMOVE " + ", ".join(removes) if removes else ""
    )
    operation: dict[str, Any] = {
        "Key": serialise({"Id": request_id}),
        "UpdateExpression": expression.strip(),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
    }
    if values:
        operation["ExpressionAttributeValues"] = serialise(values)
    return operation


def _stored(attribute: str, value: Any) -> Any:
    if attribute in _DOCUMENTS:
        return json.dumps(value)
    return json.dumps(value.to_document()) if attribute == _MADE else value
