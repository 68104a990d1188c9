"""`AWS::DynamoDB::GlobalTable` with one replica, as the CDK's `TableV2` makes it, seen as a plain table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_local.cloudformation.errors import UnsupportedError

_SAME = (
    "AttributeDefinitions",
    "BillingMode",
    "KeySchema",
    "LocalSecondaryIndexes",
    "StreamSpecification",
    "TableName",
    "TimeToLiveSpecification",
)
_OF_THE_REPLICA = ("DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "Tags")


def as_table(properties: dict[str, Any], region: str, truth: Callable[[Any], bool]) -> dict[str, Any]:
    """The same table in the properties of `AWS::DynamoDB::Table`.

    Raises:
        UnsupportedError: If it has a replica elsewhere, or what a plain table cannot say.
    """
    (replica, *others) = properties["Replicas"]
    if others or replica["Region"] != region:
        raise UnsupportedError(
            "Replicas: the local CloudFormation makes tables in the stack's own Region only"
        )
    if unknown := sorted(
        set(replica)
        - {"Region", "SSESpecification", "GlobalSecondaryIndexes", "TableClass", *_OF_THE_REPLICA}
    ):
        raise UnsupportedError(f"Encountered unsupported property Replicas[0].{', '.join(unknown)}")
    for index in replica.get("GlobalSecondaryIndexes") or []:
        if unknown := sorted(set(index) - {"IndexName"}):
            raise UnsupportedError(
                f"Encountered unsupported property Replicas[0].GlobalSecondaryIndexes.{', '.join(unknown)}"
            )
    table = {name: properties[name] for name in _SAME if name in properties}
    table |= {name: replica[name] for name in _OF_THE_REPLICA if name in replica}
    if indexes := properties.get("GlobalSecondaryIndexes"):
        table["GlobalSecondaryIndexes"] = [_index(index) for index in indexes]
    if encryption := properties.get("SSESpecification"):
        key = (replica.get("SSESpecification") or {}).get("KMSMasterKeyId")
        table["SSESpecification"] = {**encryption, **({"KMSMasterKeyId": key} if key else {})}
        if not truth(encryption.get("SSEEnabled", True)):
            table.pop("SSESpecification")
    return table


def _index(index: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(
        set(index) - {"IndexName", "KeySchema", "Projection", "WriteOnDemandThroughputSettings"}
    ):
        raise UnsupportedError(
            f"Encountered unsupported property GlobalSecondaryIndexes.{', '.join(unknown)}"
        )
    return {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
