"""DynamoDB: UpdateTable changes the encryption of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_local.moto_seams.seam import Seam, replace

UPDATE_TABLE = Seam(
    "moto.dynamodb.responses:DynamoHandler.update_table", "forgets SSESpecification", ("self",)
)
DEFAULT_KEY = Seam(
    "moto.dynamodb.models.table:Table._get_default_encryption_key",
    "the key of DynamoDB that AWS manages",
    ("self", "account_id", "region"),
)

SEAMS = (UPDATE_TABLE, DEFAULT_KEY)


def install() -> None:
    """Keep what UpdateTable says about encryption."""
    replace(UPDATE_TABLE, _encrypting)


def _encrypting(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_table(self: Any) -> Any:
        if specification := self.body.get("SSESpecification"):
            table = self.dynamodb_backend.get_table(self.body["TableName"])
            key = specification.get("KMSMasterKeyId") or table._get_default_encryption_key(
                table.account_id, table.region_name
            )
            table.sse_specification = {**specification, "KMSMasterKeyId": key}
        return original(self)

    return update_table
