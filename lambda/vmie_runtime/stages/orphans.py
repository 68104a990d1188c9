"""What came to be after its request had ended, or twice for one: a call was under way, or made again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vmie_runtime.aws import transient_errors_named
from vmie_runtime.made import Made
from vmie_runtime.stages.conversion import find_instance
from vmie_runtime.stages.stage import REQUEST_ID_TAG, STAGE_TAG, WORKFLOW_TAG, plain_tags
from vmie_runtime.stages.volumes import CreateVolume

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

FINISHED = "finished"
"""The value of the tag `vmie:stage` of what belongs to a request that has succeeded."""

# Of what is made with tags: a stage's number. A request has at most 21 disks and a few stages more; a filter
# takes 200 values (EC2 API reference, DescribeImages).
_UNFINISHED = [str(number) for number in range(40)]

# States of instances, and of volumes.
_GOING = ("shutting-down", "terminated", "deleting", "deleted")


def unfinished(ec2: EC2Client, workflow: str, *, with_volumes: bool) -> Iterator[tuple[str, Made]]:
    """What stages have made that no finished request has, whether its request goes on or not.

    Args:
        ec2: The EC2 client.
        workflow: The value of the tag `vmie:workflow`.
        with_volumes: Look for volumes too, which the role may only where requests can make them.

    Yields:
        The request's id and what was made.
    """
    filters: Any = [
        {"Name": f"tag:{WORKFLOW_TAG}", "Values": [workflow]},
        {"Name": f"tag:{STAGE_TAG}", "Values": _UNFINISHED},
    ]
    with transient_errors_named():
        images = ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
    for image in images:
        yield _request_of(image), Made(image_ids=(image["ImageId"],))
    if not with_volumes:
        return
    with transient_errors_named():
        volumes = ec2.describe_volumes(Filters=filters)["Volumes"]
    for volume in volumes:
        yield _request_of(volume), Made(volume_ids=(volume["VolumeId"],))


def _request_of(described: Any) -> str:
    return plain_tags(described.get("Tags", [])).get(REQUEST_ID_TAG, "")


def is_there(ec2: EC2Client, made: Made) -> bool:
    """Tell whether an instance or a volume that a task has made is there and not on its way out."""
    instances = (find_instance(ec2, each) for each in made.instance_ids)
    if any(each is not None and each["State"]["Name"] not in _GOING for each in instances):
        return True
    volumes = (CreateVolume().describe(ec2, each) for each in made.volume_ids)
    return any(each is not None and each.phase not in _GOING for each in volumes)
