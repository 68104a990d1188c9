"""Showing what happens: animated on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from rich.console import Console, RenderableType
from rich.json import JSON
from rich.padding import Padding
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from vmie_local.demo.following import Sighting

_PLAIN_WIDTH = 110
_STEP_WIDTH = 24


class Screen:
    """The demo's output. Everything goes to one stream; nothing but this class writes to it."""

    def __init__(self, stream: IO[str], environment: Mapping[str, str] | None = None) -> None:
        """Look at the stream and the environment.

        Args:
            stream: Usually standard output.
            environment: `NO_COLOR`, `CI` and `TERM=dumb` switch to plain lines. Default: this process's.
        """
        env = os.environ if environment is None else environment
        plain = bool(env.get("NO_COLOR") or env.get("CI")) or env.get("TERM") == "dumb" or not stream.isatty()
        self._live = not plain
        self._console = Console(
            file=stream,
            force_terminal=not plain,
            no_color=plain,
            highlight=False,
            soft_wrap=False,
            width=_PLAIN_WIDTH if plain and not stream.isatty() else None,
        )
        unicode = (self._console.encoding or "").lower().startswith("utf")
        self._good, self._bad = ("✓", "✗") if unicode else ("ok", "FAILED")

    def line(self, text: str = "", *, style: str = "") -> None:
        """One line of text."""
        self._console.print(text, style=style or None, markup=False, soft_wrap=not self._live)

    def note(self, text: str, *, style: str = "") -> None:
        """A remark, indented; in a file it stays one line."""
        if self._live:
            self._console.print(Padding(Text(text, style=style), (0, 0, 0, 2)))
        else:
            self._console.print(f"  {text}", markup=False, soft_wrap=True)

    def heading(self, text: str, detail: str = "") -> None:
        """The title of a part."""
        self._console.print()
        self._console.print(text, style="bold", markup=False)
        if detail:
            self._console.print(f"  {detail}", style="dim", markup=False, soft_wrap=True)

    def show(self, renderable: RenderableType) -> None:
        """A table or the like."""
        self._console.print(renderable)

    def fields(self, rows: Mapping[str, str]) -> None:
        """Names and values; where nobody looks at columns, values are never broken over lines."""
        width = max(map(len, rows), default=0)
        if not self._live:
            for name, value in rows.items():
                self._console.print(f"  {name:<{width}}  {value}", markup=False, soft_wrap=True)
            return
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows.items():
            table.add_row(name, Text(value))
        self._console.print(Padding(table, (0, 0, 0, 2)))

    def json(self, text: str) -> None:
        """A JSON document that can be copied: long lines are left to the terminal."""
        self._console.print(JSON(text).text, soft_wrap=True)

    def problem(self, message: str, remedy: str) -> None:
        """What stopped the demo, and what to do."""
        headline, _, rest = message.partition("\n")
        self._console.print()
        self._console.print(headline, style="bold red", markup=False, soft_wrap=True)
        if rest:
            self._console.print(rest, style="dim", markup=False, soft_wrap=True)
        self._console.print()
        self._console.print(remedy, style="bold", markup=False, soft_wrap=True)

    def done(self, name: str, took: float | None = None, detail: str = "") -> None:
        """A step that went well."""
        self._mark(self._good, "green", name, took, detail)

    def failed(self, name: str, took: float | None = None, detail: str = "") -> None:
        """A step that did not."""
        self._mark(self._bad, "red", name, took, detail)

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """A step with its duration; yields a function that sets what is shown beside it."""
        details: list[str] = []
        began = time.monotonic()
        try:
            if self._live:
                with self._console.status(name, spinner="dots"):
                    yield details.append
            else:
                yield details.append
        except BaseException:
            self.failed(name, time.monotonic() - began)
            raise
        self.done(name, time.monotonic() - began, " ".join(details))

    @contextmanager
    def transfer(self, name: str, total: int, detail: str = "") -> Iterator[Callable[[int], None]]:
        """A transfer of `total` bytes; yields a function that takes the bytes of each piece."""
        began = time.monotonic()
        columns = (SpinnerColumn(), TextColumn(name), BarColumn(), DownloadColumn(binary_units=True))
        try:
            with Progress(*columns, console=self._console, transient=True, disable=not self._live) as bar:
                task = bar.add_task(name, total=total)
                yield lambda sent: bar.advance(task, sent)
        except BaseException:
            self.failed(name, time.monotonic() - began)
            raise
        self.done(name, time.monotonic() - began, detail)

    @contextmanager
    def phases(self) -> Iterator[Callable[[Sighting], None]]:
        """The phases of an import: one line when a phase begins, and on a terminal a bar below them."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=26),
            TaskProgressColumn(),
            TextColumn("{task.fields[clock]}", style="dim"),
        )
        with Progress(*columns, console=self._console, transient=True, disable=not self._live) as bar:
            task = bar.add_task("", total=100, clock="")
            yield _PhaseLines(self._console, bar, task).show

    def _mark(self, mark: str, style: str, name: str, took: float | None, detail: str) -> None:
        duration = "" if took is None else f"{took:5.1f} s"
        text = f"{name:<{_STEP_WIDTH}} {duration:>7}  ".rstrip()
        fits = 4 + _STEP_WIDTH + 10 + len(detail) <= self._console.width
        self._console.print(f"  [{style}]{mark}[/] ", end="")
        self._console.print(f"{text}  {detail}".rstrip() if fits else text, markup=False, soft_wrap=True)
        if not fits:
            self._console.print(f"    {detail}", style="dim", markup=False, soft_wrap=True)


class _PhaseLines:
    """Prints a phase when it begins and moves the bar."""

    def __init__(self, console: Console, bar: Progress, task: object) -> None:
        self._console, self._bar, self._task = console, bar, task
        self._phase = ""

    def show(self, sighting: Sighting) -> None:
        """Take in one look at the task."""
        clock = aws_duration(sighting.elapsed)
        if sighting.phase != self._phase:
            self._phase = sighting.phase
            percent = "" if sighting.progress is None else f"{sighting.progress:>3} %"
            self._console.print(f"  {clock:>8}  {sighting.phase:<32} {percent}".rstrip(), markup=False)
        self._bar.update(
            self._task,  # type: ignore[arg-type]
            description=sighting.phase,
            completed=sighting.progress or 0,
            total=None if sighting.progress is None else 100,
            clock=f"{clock} AWS time",
        )


def aws_duration(seconds: float) -> str:
    """Seconds as `h:mm:ss`."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
