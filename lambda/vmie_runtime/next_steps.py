"""What a person does with a result."""

from __future__ import annotations


def after_image_import(image_id: str) -> list[str]:
    """What follows the import of an AMI."""
    return [
        f"Launch it: aws ec2 run-instances --image-id {image_id} --instance-type t3.small",
        f"The service names the AMI after its task; for a name of your own: "
        f"aws ec2 copy-image --source-image-id {image_id} --source-region REGION --name NAME",
    ]
