"""What the EC2 endpoint answers to a request it does not take.

Codes and texts are AWS's own where somebody has published one; those that nobody has are marked `ours`.
"""

from __future__ import annotations

from collections.abc import Sequence

from vmie_local.front_door.api_call import ApiError


def invalid_format(parameter: str, value: object) -> ApiError:
    """A value the service does not know, as in `Parameter architecture=arm64 has an invalid format`."""
    return ApiError("InvalidParameter", f"Parameter {parameter}={value} has an invalid format")


def missing(parameter: str) -> ApiError:
    """A parameter that must be there."""
    return ApiError("MissingParameter", f"The request must contain the parameter {parameter}")


def bad_combination(message: str) -> ApiError:
    """Parameters that exclude or need each other."""
    return ApiError("InvalidParameterCombination", message)


def bad_value(message: str) -> ApiError:
    """A value of the right form that cannot be."""
    return ApiError("InvalidParameterValue", message)


def key_without_encryption() -> ApiError:
    """A KMS key for what is not to be encrypted."""
    return bad_combination("If a KmsKeyId is specified, the Encrypted flag must also be set.")


def platform_needed() -> ApiError:
    """UEFI from a snapshot without its Platform. The user guide has the rule; the text is ours."""
    return ApiError(
        "MissingParameter",
        "The request must contain the parameter platform: an import of a snapshot with the boot mode uefi "
        "needs it.",
    )


def would_have_succeeded() -> ApiError:
    """The answer to a dry run that passed."""
    return ApiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


def token_reused() -> ApiError:
    """A client token that came before, with other parameters."""
    return ApiError(
        "IdempotentParameterMismatch",
        "The client token you have provided is associated with a resource that was created with different "
        "parameters. Please use a different client token.",
    )


def role_insufficient(role_name: str) -> ApiError:
    """A service role that is missing, not to be assumed, or not allowed enough: AWS says the same for all."""
    return ApiError(
        "InvalidParameter",
        f"The service role {role_name} provided does not exist or does not have sufficient permissions",
    )


def object_not_local() -> ApiError:
    """A bucket of another Region, as ImportImage and the exports say it."""
    return ApiError("InvalidParameter", "The given S3 object is not local to the region")


def bucket_not_local(bucket: str) -> ApiError:
    """A bucket of another Region, as ImportSnapshot says it."""
    return ApiError("InvalidParameter", f"The given S3 bucket ({bucket}) is not local to the region.")


def bad_source() -> ApiError:
    """A location that cannot be an S3 object, or a bucket that does not exist."""
    return ApiError("InvalidParameter", "Invalid S3 source location")


def key_inaccessible() -> ApiError:
    """A KMS key that is not there or not usable."""
    return ApiError(
        "InvalidParameterValue",
        "The specified KMS key is not accessible. If this is a default EBS CMK, please retry your request "
        "without specifying the key explicitly",
    )


def too_many_tasks(limit: int) -> ApiError:
    """More tasks than the Region's quota of conversion tasks. Code as seen in practice, text ours."""
    return ApiError(
        "ResourceCountLimitExceeded",
        f"You have reached the maximum number of concurrent import tasks ({limit}) in this Region.",
    )


def too_many_conversions(limit: int) -> ApiError:
    """The same quota as ImportInstance and ImportVolume put it, by a public log."""
    return ApiError(
        "ResourceLimitExceeded",
        f"Task failed to initialize - conversion task limit ({limit}) exceeded.",
    )


def snapshot_missing(snapshot_id: str) -> ApiError:
    """A snapshot that does not exist."""
    return ApiError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


def snapshot_not_ready(status: str) -> ApiError:
    """A snapshot that is not completed."""
    return ApiError("IncorrectState", f"Snapshot is in invalid state - {status}")


def task_unknown(task_id: str) -> ApiError:
    """An id of no form, of no task, or of one that has expired; the code is AWS's for all three."""
    return ApiError(
        "InvalidConversionTaskId.Malformed",
        f"The conversion task ID '{task_id}' is malformed or does not exist.",
    )


def task_not_cancellable(task_id: str, status: str) -> ApiError:
    """A task that has ended. Code of EC2's catalogue, end of the text ours."""
    return ApiError(
        "DeleteConversionTaskError",
        f"The conversion task cannot be canceled. The task {task_id} is {status}.",
    )


def no_such_phase(phase: str, phases: Sequence[str]) -> ApiError:
    """A fault was asked for in a phase that this kind of task never is in. This is the local AWS's own."""
    return ApiError(
        "FaultPhaseUnknown",
        f"A fault was asked for in the phase {phase!r}; this task has the phases {', '.join(phases)}.",
    )


def unknown_filter(name: str) -> ApiError:
    """A filter that the operation does not have."""
    return ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")


def bad_page_token() -> ApiError:
    """A NextToken that the service did not give."""
    return ApiError("InvalidPaginationToken", "The pagination token is not valid.")
