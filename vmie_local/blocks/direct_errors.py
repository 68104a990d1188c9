"""What the EBS direct APIs answer to a request they do not take; codes and reasons as in botocore's model."""

from __future__ import annotations

from vmie_local.front_door.api_call import ApiError


def invalid(reason: str, message: str) -> ApiError:
    """A request with a value that cannot be."""
    return ApiError("ValidationException", message, 400, Reason=reason)


def snapshot_missing(snapshot_id: str) -> ApiError:
    """A snapshot that does not exist."""
    return ApiError(
        "ResourceNotFoundException",
        f"The snapshot '{snapshot_id}' does not exist.",
        404,
        Reason="SNAPSHOT_NOT_FOUND",
    )


def token_reused() -> ApiError:
    """A client token that came before, with other parameters."""
    return ApiError(
        "ConflictException", "The client token was used with other parameters. Use a new client token.", 409
    )


def too_many_pending(limit: int) -> ApiError:
    """More snapshots in progress than the quota allows."""
    return ApiError(
        "ConcurrentLimitExceededException",
        f"You have reached the maximum number of pending snapshots ({limit}). Complete some of them first.",
        400,
    )
