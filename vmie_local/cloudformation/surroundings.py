"""What a stack reads from elsewhere: SSM parameters, other stacks, template files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlparse

from botocore.exceptions import ClientError

from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.scope import Surroundings
from vmie_local.cloudformation.stack import Stack
from vmie_local.cloudformation.stacks import Stacks


def surroundings(stack: Stack, stacks: Stacks, client: Callable[[str, str], Any]) -> Surroundings:
    """What lies outside a stack.

    Args:
        stack: The stack.
        stacks: All stacks.
        client: An administrator's boto3 client by service and Region.
    """

    def ssm_value(name: str) -> str:
        try:
            answer = client("ssm", stack.region).get_parameter(Name=name)
        except ClientError as error:
            raise TemplateError(
                f"Unable to fetch parameters [{name}] from parameter store for this account."
            ) from error
        return str(answer["Parameter"]["Value"])

    def zones(region: str) -> list[str]:
        answer = client("ec2", region).describe_availability_zones()
        return sorted(zone["ZoneName"] for zone in answer["AvailabilityZones"])

    return Surroundings(
        ssm_value, zones, lambda name: stacks.export_value(stack.region, name), stacks.output_value
    )


def read_template_file(s3: Any, url: str) -> str:
    """The text behind a TemplateURL.

    Args:
        s3: A client of S3.
        url: Path style, as the CDK CLI writes it for an endpoint of its own.

    Raises:
        TemplateError: If the object cannot be read.
    """
    bucket, _, key = unquote(urlparse(url).path).lstrip("/").partition("/")
    try:
        return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    except ClientError as error:
        raise TemplateError(f"S3 error: {url} cannot be read: {error}") from error
