"""What the EC2 endpoint answers to an export it does not take.

Codes and texts are AWS's own where somebody has published one; those that nobody has are marked `ours`.
"""

from __future__ import annotations

from vmie_local.front_door.api_call import ApiError


def task_unknown(task_id: str, *, well_formed: bool) -> ApiError:
    """An id of no export task. Codes of EC2's catalogue, texts ours."""
    if well_formed:
        return ApiError("InvalidExportTaskID.NotFound", f"The export task ID '{task_id}' cannot be found.")
    return ApiError("InvalidExportTaskID.Malformed", f"The export task ID '{task_id}' is malformed.")


def not_cancellable(task_id: str, state: str) -> ApiError:
    """A task that has ended. The user guide says that there is an error; code and text are ours."""
    return ApiError("IncorrectState", f"The export task cannot be canceled. The task {task_id} is {state}.")


def image_not_exportable(image_id: str, reason: str) -> ApiError:
    """An image that ExportImage does not take, in the words it has for encrypted ones; other reasons ours."""
    return ApiError("InvalidParameter", f"The image ID ({image_id}) provided {reason} and is not exportable.")


def marketplace_image(image_id: str) -> ApiError:
    """An image of AWS Marketplace."""
    return ApiError(
        "NotExportable", f"The image ID provided ({image_id}) is a marketplace AMI and is not exportable."
    )


def image_busy(image_id: str) -> ApiError:
    """An AMI that is being exported already. The rule is the user guide's; code and text are ours."""
    return ApiError(
        "ResourceCountLimitExceeded",
        f"There is already an export image task in progress for the image ID ({image_id}).",
    )


def instance_not_exportable(message: str = "This instance cannot be exported.") -> ApiError:
    """An instance that cannot be exported; the default text is the user guide's."""
    return ApiError("NotExportable", message)


def several_volumes() -> ApiError:
    """An instance with more than one volume."""
    return instance_not_exportable(
        "This instance has multiple volumes attached. Please remove additional volumes."
    )


def foreign_snapshot(snapshot_id: str) -> ApiError:
    """An instance whose volume comes from somebody else's image."""
    return instance_not_exportable(
        f"The snapshot ID ({snapshot_id}) of the instance neither is owned by current user nor had been "
        "previously imported through VMIE."
    )


def format_unsupported(given: str, environment: str, only: str) -> ApiError:
    """A disk format that the target environment does not take; the odd end of the text is AWS's own."""
    return ApiError(
        "Unsupported",
        f"diskImageFormat '{given.lower()}' not supported for targetEnvironment '{environment}'. "
        f"Valid value(s): [\"'{only.lower()}', .",
    )


def container_unsupported(environment: str) -> ApiError:
    """An appliance for anything but VMware; ours, after the text for disk formats."""
    return ApiError(
        "Unsupported", f"containerFormat 'ova' not supported for targetEnvironment '{environment}'."
    )


def bucket_not_granted() -> ApiError:
    """A bucket that the Region's export service may not write to."""
    return ApiError(
        "AuthFailure",
        "vm-import-export@amazon.com must have WRITE and READ_ACL permission on the S3 bucket.",
        403,
    )


def bucket_unknown(bucket: str) -> ApiError:
    """A bucket that does not exist, or is somebody else's; ours."""
    return ApiError("InvalidParameter", f"The given S3 bucket ({bucket}) does not exist or is not yours.")


def no_encoder(disk_format: str) -> ApiError:
    """A format that this machine cannot write, which AWS always can; ours."""
    return ApiError(
        "Unsupported",
        f"The local AWS needs qemu-img to write {disk_format}, and it is not on PATH. Install it (Debian: "
        "qemu-utils); without it ExportImage writes RAW only.",
    )
