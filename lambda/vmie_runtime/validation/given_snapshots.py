"""The snapshots that a request brings along, as the account has them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vmie_runtime.aws import error_code, error_message, transient_errors_named
from vmie_runtime.errors import RequestFailure, RequestRejected

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


def require_encrypted(ec2: EC2Client, snapshot_ids: Collection[str]) -> None:
    """Refuse snapshots that are not encrypted, for an image that is to be: RegisterImage encrypts nothing.

    Needs `ec2:DescribeSnapshots`, which takes no resource.

    Raises:
        RequestRejected: `SnapshotNotEncrypted`.
        RequestFailure: If EC2 does not show a snapshot: what is not shown to be encrypted is not used.
    """
    if not snapshot_ids:
        return
    try:
        with transient_errors_named():
            found = ec2.describe_snapshots(SnapshotIds=sorted(snapshot_ids))["Snapshots"]
    except ClientError as error:
        code = error_code(error)
        raise RequestFailure(
            code, error_message(error), Operation="DescribeSnapshots", AwsCode=code
        ) from error
    encrypted = {each["SnapshotId"] for each in found if each.get("Encrypted")}
    plain = ", ".join(sorted(set(snapshot_ids) - encrypted))
    if plain:
        raise RequestRejected(
            "SnapshotNotEncrypted",
            f"The image is to be encrypted, as request or stack say, and these snapshots are not: {plain}.",
            snapshots=plain,
        )
