"""What EC2 answers about AMIs, snapshots and volumes.

Codes and texts are AWS's own where somebody has published one; those that nobody has are marked `ours`.
"""

from __future__ import annotations

from vmie_local.front_door.api_call import ApiError


def not_here(operation: str, parameter: str) -> ApiError:
    """What AWS has and this one does not."""
    return ApiError("UnsupportedOperation", f"The local AWS does not know {parameter} of {operation}.")


def image_missing(image_id: str) -> ApiError:
    """An AMI that does not exist."""
    return ApiError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")


def image_gone(image_id: str) -> ApiError:
    """An AMI that has been deregistered before."""
    return ApiError("InvalidAMIID.Unavailable", f"The image id '[{image_id}]' is no longer available")


def image_unavailable(image_id: str, state: str) -> ApiError:
    """An AMI that is not available (yet). Code of EC2's catalogue, text ours."""
    return ApiError(
        "InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available: its state is {state}."
    )


def image_name_taken(name: str, image_id: str) -> ApiError:
    """A name that an AMI of the account has."""
    return ApiError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {image_id}")


def image_name_malformed() -> ApiError:
    """A name with characters, or of a length, that cannot be."""
    return ApiError(
        "InvalidAMIName.Malformed",
        "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, and only the "
        "following characters: ( ) [ ] space . / - ' @ _",
    )


def mapping(message: str) -> ApiError:
    """A block device mapping that cannot be."""
    return ApiError("InvalidBlockDeviceMapping", message)


def snapshot_too_large(size: int, snapshot_id: str, needed: int) -> ApiError:
    """A volume of an AMI that is smaller than its snapshot."""
    return mapping(
        f"Volume of size {size}GB is smaller than snapshot '{snapshot_id}', expect size >= {needed}GB"
    )


def zone_missing(zone: str) -> ApiError:
    """An Availability Zone that the Region does not have."""
    return ApiError("InvalidZone.NotFound", f"The zone '{zone}' does not exist.")


def region_unknown(region: str) -> ApiError:
    """A source Region that is none. Text ours."""
    return ApiError("InvalidParameterValue", f"Invalid source Region: {region}")


def dependency(parameter: str, needed: str) -> ApiError:
    """A parameter that needs another."""
    return ApiError(
        "InvalidParameterDependency",
        f"The parameter [{parameter}] requires the parameter {needed} to be set.",
    )


def volume_type_unknown(volume_type: str) -> ApiError:
    """A volume type that is none."""
    return ApiError("UnknownVolumeType", f"Unsupported volume type '{volume_type}' for volume creation.", 400)


def volume_missing(volume_id: str) -> ApiError:
    """A volume that does not exist."""
    return ApiError("InvalidVolume.NotFound", f"The volume '{volume_id}' does not exist.")


def volume_taken(volume_id: str) -> ApiError:
    """A volume that is attached."""
    return ApiError("VolumeInUse", f"{volume_id} is already attached to an instance")


def volume_not_ready(volume_id: str) -> ApiError:
    """A volume that is still being made."""
    return ApiError("IncorrectState", f"Volume '{volume_id}' is not 'available'.")


def volume_not_attached(volume_id: str, state: str) -> ApiError:
    """A volume to detach that is not attached."""
    return ApiError("IncorrectState", f"Volume '{volume_id}' is in the '{state}' state.")


def volume_elsewhere(volume_id: str, instance_id: str) -> ApiError:
    """A volume of another Availability Zone than the instance's."""
    return ApiError(
        "InvalidVolume.ZoneMismatch",
        f"The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'",
    )


def attachment_missing(volume_id: str, instance_id: str | None, device: str | None) -> ApiError:
    """A volume that is attached, but not there."""
    at = f" as device {device}" if device else ""
    return ApiError(
        "InvalidAttachment.NotFound",
        f"The volume {volume_id} is not attached to instance {instance_id}{at}",
    )


def root_volume(volume_id: str, instance_id: str) -> ApiError:
    """The root volume of an instance that runs."""
    return ApiError(
        "OperationNotPermitted", f"Unable to detach root volume '{volume_id}' from instance '{instance_id}'"
    )


def instance_missing(instance_id: str) -> ApiError:
    """An instance that does not exist."""
    return ApiError("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")


def instance_state(instance_id: str, state: str) -> ApiError:
    """An instance in a state in which nothing can be attached to it or made of it."""
    return ApiError("IncorrectState", f"Instance '{instance_id}' is {state}.")


def device_taken(device: str) -> ApiError:
    """A device name that another volume of the instance has."""
    return ApiError(
        "InvalidParameterValue",
        f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use",
    )


def device_malformed(device: str) -> ApiError:
    """A device name that is none."""
    return ApiError(
        "InvalidParameterValue",
        f"Value ({device}) for parameter device is invalid. {device} is not a valid EBS device name.",
    )
