"""A refusal in the words of each service."""

from __future__ import annotations

from vmie_local.front_door.api_call import ApiCall, ApiError

_CODES: dict[str, tuple[str, int]] = {
    "cloudformation": ("AccessDenied", 403),
    "cloudwatch": ("AccessDenied", 403),
    "ebs": ("AccessDeniedException", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "iam": ("AccessDenied", 403),
    "lambda": ("AccessDeniedException", 403),
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "xray": ("AccessDeniedException", 403),
}
_JSON = ("AccessDeniedException", 400)


_KMS_CODES = {"sns": ("KMSAccessDenied", 400), "sqs": ("KMS.AccessDeniedException", 400)}
"""Services that say so when it is KMS that refuses."""


def refusal(call: ApiCall, action: str, resource: str, reason: str) -> ApiError:
    """The error of a call that policies do not allow.

    Args:
        call: The call.
        action: The action that is not allowed.
        resource: Its resource.
        reason: What follows the resource, such as `because no identity-based policy allows the s3:GetObject
            action`.
    """
    shown = f'"{resource}"' if call.service == "s3" else resource
    text = f"User: {call.principal.arn} is not authorized to perform: {action} on resource: {shown} {reason}"
    text = text.rstrip()
    if call.service == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
    if action.startswith("kms:") and call.service in _KMS_CODES:
        code, status = _KMS_CODES[call.service]
        return ApiError(code, text, status)
    return error(call, text)


def error(call: ApiCall, message: str) -> ApiError:
    """An access error of the call's service."""
    code, status = _CODES.get(call.service, _JSON)
    return ApiError(code, message, status)


def unknown_operation(call: ApiCall) -> ApiError:
    """The error of a call whose needs nobody has written down."""
    return error(
        call,
        f"{call.principal.arn} called {call.service}:{call.operation}, and the local AWS does not know which"
        " IAM actions and resources that needs. Add its row to vmie_local/front_door/authorization/tables.",
    )
