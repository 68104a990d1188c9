"""KMS keys and their aliases."""

from __future__ import annotations

from vmie_local.cloudformation.api_arguments import truth
from vmie_local.cloudformation.errors import RefusedError
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags

_GONE = ("NotFoundException", "KMSInvalidStateException")

_FIXED = ("KeySpec", "KeyUsage", "MultiRegion")


def _create_key(request: Request) -> Created:
    wanted = request.properties
    key = request.api(
        "kms",
        "CreateKey",
        Policy=wanted.get("KeyPolicy"),
        Description=wanted.get("Description"),
        KeySpec=wanted.get("KeySpec"),
        KeyUsage=wanted.get("KeyUsage"),
        MultiRegion=wanted.get("MultiRegion"),
        Tags=[{"TagKey": key, "TagValue": value} for key, value in tags.as_map(wanted.get("Tags")).items()],
    )["KeyMetadata"]
    request.made(key["KeyId"])
    if truth(wanted.get("EnableKeyRotation", False)):
        request.api(
            "kms",
            "EnableKeyRotation",
            KeyId=key["KeyId"],
            RotationPeriodInDays=wanted.get("RotationPeriodInDays"),
        )
    if not truth(wanted.get("Enabled", True)):
        request.api("kms", "DisableKey", KeyId=key["KeyId"])
    return Created(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _update_key(request: Request) -> Created:
    wanted, key_id = request.properties, request.physical_id
    fixed = [name for name in _FIXED if request.changed(name)]
    if fixed:
        raise RefusedError(f"You cannot change {', '.join(fixed)} of an existing key.")
    if request.changed("KeyPolicy"):
        request.api("kms", "PutKeyPolicy", KeyId=key_id, PolicyName="default", Policy=wanted["KeyPolicy"])
    if request.changed("Description"):
        request.api("kms", "UpdateKeyDescription", KeyId=key_id, Description=wanted.get("Description", ""))
    if request.changed("Enabled"):
        request.api("kms", "EnableKey" if truth(wanted.get("Enabled", True)) else "DisableKey", KeyId=key_id)
    if request.changed("EnableKeyRotation", "RotationPeriodInDays"):
        if truth(wanted.get("EnableKeyRotation", False)):
            period = wanted.get("RotationPeriodInDays")
            request.api("kms", "EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=period)
        else:
            request.api("kms", "DisableKeyRotation", KeyId=key_id)
    if request.changed("Tags"):
        if keys := tags.gone(request.old_properties.get("Tags"), wanted.get("Tags")):
            request.api("kms", "UntagResource", KeyId=key_id, TagKeys=keys)
        pairs = [{"TagKey": key, "TagValue": value} for key, value in tags.as_map(wanted.get("Tags")).items()]
        request.api("kms", "TagResource", KeyId=key_id, Tags=pairs)
    return Created(key_id, {"Arn": request.arn("kms", f"key/{key_id}"), "KeyId": key_id})


def _delete_key(request: Request) -> None:
    days = request.properties.get("PendingWindowInDays", 30)
    key_id = request.physical_id
    request.tolerant(_GONE, "kms", "ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=days)


def _create_alias(request: Request) -> Created:
    name = request.properties["AliasName"]
    request.api("kms", "CreateAlias", AliasName=name, TargetKeyId=request.properties["TargetKeyId"])
    return Created(name)


def _update_alias(request: Request) -> Created:
    name = request.physical_id
    request.api("kms", "UpdateAlias", AliasName=name, TargetKeyId=request.properties["TargetKeyId"])
    return Created(name)


def _delete_alias(request: Request) -> None:
    request.tolerant(_GONE, "kms", "DeleteAlias", AliasName=request.physical_id)


TYPES = (
    # Key policies are stored and not evaluated: the banner says so.
    ResourceType(
        name="AWS::KMS::Key",
        honours=frozenset(
            {
                "Description",
                "Enabled",
                "EnableKeyRotation",
                "KeyPolicy",
                "KeySpec",
                "KeyUsage",
                "MultiRegion",
                "PendingWindowInDays",
                "RotationPeriodInDays",
                "Tags",
            }
        ),
        create=_create_key,
        update=_update_key,
        delete=_delete_key,
    ),
    ResourceType(
        name="AWS::KMS::Alias",
        honours=frozenset({"AliasName", "TargetKeyId"}),
        create=_create_alias,
        update=_update_alias,
        delete=_delete_alias,
        replaced_by=frozenset({"AliasName"}),
        named_by="AliasName",
    ),
)
