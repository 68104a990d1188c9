"""`python -m benchmarks`: run everything, print tables and write `build/benchmarks.json`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from benchmarks import figures
from benchmarks.figures import Figure, Section

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "build" / "benchmarks.json"
_PARTS = ("handlers", "inspections", "imports", "fleets")


def main() -> int:
    """Returns 0 if every target is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", choices=_PARTS, help="default: all")
    part = parser.parse_args().part
    RESULTS.parent.mkdir(exist_ok=True)
    logging.basicConfig(filename=RESULTS.with_suffix(".log"), filemode="w", level=logging.INFO)
    sys.path.insert(0, str(REPOSITORY / "lambda"))
    console = Console()
    sections: list[Section] = []
    try:
        for section in _measure([part] if part else list(_PARTS), console):
            figures.show(section, console)
            sections.append(section)
    finally:
        # What was measured before something broke is worth keeping.
        figures.write(sections, RESULTS)
        console.print(f"Written to {RESULTS.relative_to(REPOSITORY)}.")
    return int(any(figure.met is False for section in sections for figure in section.figures))


def _measure(parts: list[str], console: Console) -> Iterator[Section]:
    if "handlers" in parts:
        from benchmarks import handlers

        with console.status("Importing the handlers"):
            sections = handlers.measure()
        yield from sections
    if "inspections" in parts:
        from benchmarks import inspections

        with console.status("Inspecting images"):
            yield from inspections.measure()
    if "imports" in parts:
        yield from _imports(console)
    if "fleets" in parts:
        yield from _fleets(console)


def _fleets(console: Console) -> Iterator[Section]:
    from benchmarks import fleets
    from benchmarks.deployed import deployed

    with deployed(console, time_scale=fleets.TIME_SCALE, concurrent_tasks=fleets.QUOTA) as target:
        with console.status(f"A fleet of {fleets.ENTRIES} requests, {fleets.QUOTA} at a time"):
            section = fleets.measure(target)
        yield section


def _imports(console: Console) -> Iterator[Section]:
    from benchmarks import imports
    from benchmarks.deployed import deployed

    with deployed(console) as target:
        with console.status(f"One import of {imports.LONG_TASK_SECONDS // 60} AWS minutes"):
            section = imports.measure_one(target)
        yield section
        with console.status(f"{len(imports.SAMPLE_SECONDS)} imports with different ends, two minutes"):
            section = imports.measure_many(target)
        yield section
        with console.status("Deploying again, and destroying"):
            with target.timed("deploy again", "cdk deploy without a change"):
                target.deploy()
            with target.timed("destroy", "cdk destroy, the bucket emptied before"):
                target.destroy()
    times = tuple(
        Figure(name=name, value=took, unit="s", note=how) for name, (took, how) in target.times.items()
    )
    yield Section("The CDK CLI against the local AWS", times)


if __name__ == "__main__":
    sys.exit(main())
