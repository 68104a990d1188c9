import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import figures
from benchmarks.figures import Figure, Section

COST = Figure(name="Cost", value=0.0046, unit="$", most=0.005, note="list prices")
SLOW = Figure(name="Import", value=301.5, unit="ms", most=300)
SIZE = Figure(name="Zip", value=2, unit="MiB")


@pytest.mark.parametrize(("figure", "met"), [(COST, True), (SLOW, False), (SIZE, None)])
def test_a_figure_knows_whether_its_target_is_met(figure: Figure, met: bool | None) -> None:
    assert figure.met is met


def test_a_value_equal_to_its_target_meets_it() -> None:
    assert Figure(name="Worst", value=60, unit="s", most=60).met


@pytest.mark.parametrize(("figure", "text"), [(COST, "$0.0046"), (SLOW, "301.50 ms"), (SIZE, "2 MiB")])
def test_values_are_shown_with_their_unit(figure: Figure, text: str) -> None:
    assert figure.text(figure.value) == text


def test_a_missed_target_is_shouted() -> None:
    stream = io.StringIO()

    figures.show(Section("Imports", (COST, SLOW)), Console(file=stream, width=100))

    lines = stream.getvalue().splitlines()
    assert "met" in next(line for line in lines if "Cost" in line)
    assert "MISSED" in next(line for line in lines if "Import " in line)


def test_the_file_tells_machine_targets_and_values(tmp_path: Path) -> None:
    file = tmp_path / "build" / "benchmarks.json"

    figures.write([Section("Cost", (COST,))], file)

    document = json.loads(file.read_text())
    assert document["Machine"]["Cores"] >= 1
    assert document["Sections"][0]["Figures"] == [
        {"Name": "Cost", "Value": 0.0046, "Unit": "$", "Target": 0.005, "Met": True, "How": "list prices"}
    ]
