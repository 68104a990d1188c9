"""Whether AWS STS is active in the Region, without which VM Import/Export cannot take on the service role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from vmie_runtime.aws import error_code, error_message
from vmie_runtime.errors import RequestRejected

if TYPE_CHECKING:
    from types_boto3_sts import STSClient

INACTIVE_CODES = ("RegionDisabledException", "RegionDisabled")


def require_active(sts: STSClient, region: str) -> str | None:
    """Ask the Region's own endpoint who calls.

    Needs no permission. An answer that STS is disabled in the Region is proof; any other proves nothing: AWS
    documents that code for calls that hand out credentials (AWS STS API Reference, AssumeRole), and there is
    no such call to make as VM Import/Export. What only the import shows is named where it fails: the
    examination of the service role lists an inactive STS among the causes that remain.

    Args:
        sts: An STS client of the import's Region, on its regional endpoint.
        region: The Region of the import.

    Returns:
        The caller's account; None where STS did not say.

    Raises:
        RequestRejected: `StsInactive`.
    """
    try:
        return sts.get_caller_identity()["Account"]
    except ClientError as error:
        if error_code(error) in INACTIVE_CODES:
            raise RequestRejected(
                "StsInactive",
                f"AWS STS is not active in {region} for this account ({error_message(error)}).",
                region=region,
            ) from error
        return None
    except BotoCoreError:
        return None
