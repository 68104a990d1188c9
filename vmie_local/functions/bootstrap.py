"""The first lines of a worker process: end with the server, then become AWS's runtime client.

Run as a script by the interpreter of the server, with `-S`, so that a function sees the standard library, its
own code and layers, and what Lambda's Python runtimes bring along; nothing else that happens to be installed.
"""

import os
import sys
import threading


def _end_with_the_server(lifeline: int) -> None:
    os.read(lifeline, 1)  # returns when the server, which holds the other end, is gone however it ended
    os._exit(1)


def main() -> None:
    """Start `awslambdaric` with the handler that the command line names."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_end_with_the_server, args=(lifeline,), daemon=True).start()
    del sys.path[0]  # this script's folder

    from awslambdaric.__main__ import main as run

    run(sys.argv)


if __name__ == "__main__":
    main()
