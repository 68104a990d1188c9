"""Measured figures beside their targets."""

from __future__ import annotations

import json
import operator
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the report.

    Attributes:
        name: What was measured.
        value: How much.
        unit: Of what; `$` goes before the number.
        most: The target: the value may be at most this. Default: no target.
        note: How it was measured, where the name does not say.
    """

    name: str
    value: float
    unit: str
    most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.most is None else operator.le(self.value, self.most)

    def text(self, number: float) -> str:
        """A number in this figure's unit."""
        digits = 4 if self.unit == "$" else 0 if number == int(number) or number >= 1000 else 2
        return f"${number:,.{digits}f}" if self.unit == "$" else f"{number:,.{digits}f} {self.unit}"


@dataclass(frozen=True)
class Section:
    """Figures that belong together."""

    title: str
    figures: tuple[Figure, ...]


def show(section: Section, console: Console) -> None:
    """Print a section as a table."""
    table = Table(box=box.SIMPLE_HEAD, title=section.title, title_justify="left", title_style="bold")
    table.add_column("Figure", overflow="fold")
    table.add_column("Measured", justify="right", no_wrap=True)
    table.add_column("Target", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("How", overflow="fold", style="dim")
    for figure in section.figures:
        target = "" if figure.most is None else f"at most {figure.text(figure.most)}"
        verdict = {None: "", True: "[green]met[/]", False: "[red]MISSED[/]"}[figure.met]
        table.add_row(figure.name, figure.text(figure.value), target, verdict, figure.note)
    console.print(table)


def write(sections: Iterable[Section], file: Path) -> None:
    """Write every figure as JSON, with the machine it was measured on."""
    machine = {"Cores": os.cpu_count(), "Python": platform.python_version(), "System": platform.system()}
    document = {
        "Machine": machine,
        "Sections": [
            {
                "Title": section.title,
                "Figures": [
                    {
                        "Name": figure.name,
                        "Value": figure.value,
                        "Unit": figure.unit,
                        "Target": figure.most,
                        "Met": figure.met,
                        "How": figure.note,
                    }
                    for figure in section.figures
                ],
            }
            for section in sections
        ],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
