"""``vmie-inspect``: the inspection of disk images as a command, ``python -m vmie_cli.inspect`` too.

The inspection runs in the account, so that its code travels with the Lambda functions' and not on the Python
path: in a wheel inside ``vmie_constructs``, in a checkout in ``lambda/``. Neither the CDK nor AWS is loaded.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path


def main() -> int:
    """Inspect what the command line names.

    Returns:
        0 accepted, 1 doubtful, 2 rejected, 3 unreadable or not asked properly.
    """
    sys.path.insert(0, str(_lambda_code()))
    status: int = import_module("vmie_runtime.inspect").main(program="vmie-inspect")
    return status


def _lambda_code() -> Path:
    """Where the functions' code is.

    Raises:
        ImportError: The installation is incomplete.
    """
    # find_spec does not import the package, which would load the CDK.
    found = find_spec("vmie_constructs")
    package = Path(found.origin).parent if found is not None and found.origin else None
    if package is not None:
        for code in (package / "_lambda", package.parent / "lambda"):
            if (code / "vmie_runtime" / "inspect.py").is_file():
                return code
    raise ImportError("the Lambda code of vmie-constructs is not installed: install its wheel again.")


if __name__ == "__main__":
    sys.exit(main())
