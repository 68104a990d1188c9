"""`python -m vmie_local`: the local AWS until it is interrupted."""

from __future__ import annotations

import argparse
import re
import shlex
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import get_args

from vmie_local.banner import banner
from vmie_local.deployment import CdkCli, DeploymentError
from vmie_local.server import LocalAws
from vmie_local.settings import IamMode, Settings

_APP_DIR = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    Args:
        arguments: The command line. Default: the process's own.

    Returns:
        The exit code: 0 after an interruption, 1 if the port is taken or the deployment fails.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.context and not chosen.deploy:
        parser.error("--context says how to deploy, and needs --deploy")
    settings = Settings(port=chosen.port, time_scale=chosen.time_scale, iam=chosen.iam)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        cloud = LocalAws(settings)
    except OSError as error:
        print(f"Port {chosen.port} cannot be used ({error}). Choose another with --port.", file=sys.stderr)
        return 1
    try:
        return _serve(cloud, deploy=chosen.deploy, context=dict(chosen.context))
    except KeyboardInterrupt:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        cloud.stop()


def exports(variables: Mapping[str, str]) -> str:
    """Lines that a POSIX shell takes."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def output_variables(outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The outputs of the deployed stacks as variables: `ImportBucketName` is `VMIE_IMPORT_BUCKET_NAME`."""
    return {
        "VMIE_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper(): value
        for stack in outputs.values()
        for name, value in stack.items()
    }


def _serve(cloud: LocalAws, *, deploy: bool, context: Mapping[str, str]) -> int:
    cloud.start()
    print(banner(cloud), file=sys.stderr, flush=True)
    print(exports(cloud.environ()), flush=True)
    if deploy:
        try:
            outputs = CdkCli(cloud, _APP_DIR).deploy(context=context)
        except DeploymentError as error:
            print(error, file=sys.stderr)
            return 1
        print(exports(output_variables(outputs)), flush=True)
    print("ready", flush=True)
    threading.Event().wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m vmie_local",
        description="AWS on this machine, on 127.0.0.1, until it is interrupted. Standard output is shell "
        "lines that point the AWS CLI, boto3 and the CDK at it, then the line `ready`.",
    )
    parser.add_argument(
        "--port", type=int, default=defaults.port, help="TCP port; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--time-scale",
        type=_positive,
        default=defaults.time_scale,
        metavar="SECONDS",
        help="real seconds per AWS second: 0.01 is a hundred times as fast (default: %(default)s)",
    )
    parser.add_argument(
        "--iam",
        choices=get_args(IamMode),
        default=defaults.iam,
        help="what identity policies do (default: %(default)s)",
    )
    parser.add_argument(
        "--deploy", action="store_true", help="bootstrap and deploy app.py, then export the stack's outputs"
    )
    parser.add_argument(
        "-c",
        "--context",
        action="append",
        type=_setting,
        default=[],
        metavar="KEY=VALUE",
        help="with --deploy: a setting of app.py, such as vmie:allowedImages='*'; may be repeated",
    )
    return parser


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number greater than 0")
    return number


def _setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return name, value


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
