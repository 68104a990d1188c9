"""The environment of a worker process.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vmie_local.functions.code_store import CodeStore
from vmie_local.functions.function import FunctionVersion
from vmie_local.functions.worker import base_environment

if TYPE_CHECKING:
    from vmie_local.server import LocalAws


def environment_of(function: FunctionVersion, cloud: LocalAws, code: CodeStore) -> dict[str, str]:
    """Everything a process of this function sees, with fresh credentials of its role."""
    task_root = code.unpack(function.code)
    layers = [code.unpack(layer) for layer in function.layers]
    credentials = cloud.role_credentials(function.role_arn, function.name.ljust(2, "_"))
    today = datetime.now(UTC).strftime("%Y/%m/%d")
    return {
        **base_environment(),
        **cloud.environ(),
        **function.environment,
        "PYTHONPATH": os.pathsep.join(
            map(str, [task_root, *(layer / "python" for layer in reversed(layers)), code.runtime_packages()])
        ),
        "LAMBDA_TASK_ROOT": str(task_root),
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{today}/[{function.version}]{uuid.uuid4().hex}",
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        **({"AWS_LAMBDA_LOG_LEVEL": function.log_level} if function.log_level else {}),
    }
