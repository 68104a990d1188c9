"""The demo as a command: what it says, what it exits with."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from vmie_local.demo.disk_file import REPOSITORY, SUFFIXES, DiskFile, choose, readable_size
from vmie_local.demo.errors import DemoError
from vmie_local.demo.screen import Screen

EXIT_IMPORTED, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
_LOG = REPOSITORY / "build" / "demo.log"


def main(arguments: Sequence[str]) -> int:
    """Run the demo.

    Args:
        arguments: The command line, without the program's name.

    Returns:
        0 if an AMI was made, 1 if not, 130 if the user interrupted it.
    """
    options = _parser().parse_args(arguments)
    # The shell's other ways to end a program clean up like Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    screen = Screen(sys.stdout)
    try:
        disk = choose(options.image)
        _require_repository()
        _log_to(_LOG)
        return _demonstrate(disk, screen)
    except DemoError as error:
        screen.problem(error.message, error.remedy)
        return EXIT_FAILED
    except KeyboardInterrupt:
        screen.line()
        screen.line("Interrupted. Nothing is left running; the temporary data is removed.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not try to flush to it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        logging.getLogger(__name__).exception("The demo failed.")
        screen.problem(
            f"{type(error).__name__}: {error}",
            f"This is a fault of the demo, not of your image; please report it with {_LOG}.",
        )
        return EXIT_FAILED


def _demonstrate(disk: DiskFile, screen: Screen) -> int:
    began = time.monotonic()
    screen.heading(
        "VM Import/Export on a local AWS",
        f"{disk.path.name}, {readable_size(disk.size)}. No AWS account, nothing leaves this machine.",
    )
    # Imported late: a wrong argument is answered at once, and this takes seconds.
    with screen.step("Load the local AWS"):
        from vmie_local.demo.run import run
    image_id = run(disk, screen)
    if image_id is None:
        return EXIT_FAILED
    screen.line()
    screen.line(f"{image_id} is ready, {time.monotonic() - began:.0f} s after the start.", style="bold green")
    return EXIT_IMPORTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vmie_local.demo",
        description="Deploy the pipeline to an AWS on this machine and import a disk image there.",
    )
    parser.add_argument(
        "image",
        nargs="?",
        metavar="IMAGE",
        help=f"a disk image ending in {', '.join(SUFFIXES)}; default: the repository's demo disk",
    )
    return parser


def _require_repository() -> None:
    if not (REPOSITORY / "app.py").exists():
        raise DemoError(
            f"There is no app.py in {REPOSITORY}: the demo deploys the repository's app.",
            "Run it in a clone of the repository: make demo",
        )


def _log_to(file: Path) -> None:
    try:
        file.parent.mkdir(exist_ok=True)
        handler = logging.FileHandler(file, mode="w", encoding="utf-8")
    except OSError:
        # A read-only checkout is no reason to refuse.
        handler = logging.FileHandler(Path(tempfile.gettempdir(), "vmie-demo.log"), "w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - as `signal` calls it
    raise KeyboardInterrupt
