"""Build the corpus and hold the inspection against it: ``python -m scripts.corpus``.

Ten machines in every container; facts against sfdisk, blkid, findmnt, file, qemu-img, lsinitramfs and hivex;
at least 10,000 files against the kernel by SHA-256; decoded disks against the raw ones. Needs root, loop
devices, a network for debootstrap the first time, 40 GB of disk and about half an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lambda"))

from scripts.corpus import checks, debian, references  # noqa: E402
from scripts.corpus.commands import require  # noqa: E402
from scripts.corpus.containers import FORMATS, Format  # noqa: E402
from scripts.corpus.disks import RECIPES  # noqa: E402
from scripts.corpus.machine import Machine, Workshop  # noqa: E402
from vmie_images import Inspection  # noqa: E402

FOLDER = ROOT / "build" / "corpus"
MOST_GETS, MOST_BYTES = 30, 2 << 20
"""What an inspection may cost of each image file."""
FEWEST_FILES = 10_000
"""Files that a run over every machine has to compare."""


@dataclass(frozen=True)
class Measured:
    """What the inspection of one machine in one container cost."""

    machine: str
    container: str
    gets: int
    bytes: int
    stored: int


def main() -> int:
    """Returns 0 if nothing differs, and everything was compared."""
    parser = argparse.ArgumentParser(prog="python -m scripts.corpus", description=__doc__)
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help=f"default: {', '.join(RECIPES)}")
    parser.add_argument("--containers", nargs="*", choices=FORMATS, default=list(FORMATS))
    parser.add_argument(
        "--keep", nargs="*", default=["ext4-bios"], help="machines whose readable containers are kept"
    )
    options = parser.parse_args()
    require()
    scratch = FOLDER / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    shop = Workshop(debian.system(FOLDER), FOLDER, scratch)
    wrong, measured, files = list[str](), list[Measured](), 0
    for name in options.machines or RECIPES:
        started = time.monotonic()
        machine = RECIPES[name](shop)
        problems = checks.check_facts(machine, scratch)
        count, different = checks.check_contents(machine, scratch)
        files += count
        problems += different
        costs, unlike = _containers(machine, options.containers, name in options.keep)
        problems += unlike
        measured += costs
        wrong += problems
        took = time.monotonic() - started
        print(
            f"{name}: {count} files, {len(costs)} containers, {took:.0f} s; {len(problems)} differences",
            flush=True,
        )
        for problem in problems:
            print(f"  {problem}", flush=True)
    if not options.machines and files < FEWEST_FILES:
        wrong.append(f"{files} files compared, at least {FEWEST_FILES} should be")
    _report(measured, files, wrong)
    return int(bool(wrong))


def _containers(machine: Machine, names: list[str], keep: bool) -> tuple[list[Measured], list[str]]:
    wrong = list[str]()
    with checks.inspected(list(machine.disks)) as inspection:
        reference = _facts(inspection.to_document())
        costs = [_measured(machine, "raw", inspection, list(machine.disks))]
    for name in names:
        made = [disk.with_name(f"{disk.stem}.{FORMATS[name].suffix}") for disk in machine.disks]
        for disk, path in zip(machine.disks, made, strict=True):
            FORMATS[name].write(disk, path)
        with checks.inspected(made) as inspection:
            costs.append(_measured(machine, name, inspection, made))
            problems = _compare(FORMATS[name], made, inspection, reference)
        if FORMATS[name].decodes:
            with checks.inspected(made, checks.UNLIMITED) as inspection:
                problems += _decoded(machine, inspection)
        wrong += [f"{machine.name} in {name}: {problem}" for problem in problems]
        if not (keep and FORMATS[name].decodes):
            for path in made:
                _remove(path)
    if not keep:
        for disk in machine.disks:
            disk.with_name(f"{disk.stem}.stream.vmdk").unlink(missing_ok=True)
    wrong += [
        f"{cost.machine} in {cost.container}: {cost.gets} GETs, {cost.bytes} bytes"
        for cost in costs
        if cost.gets > MOST_GETS * len(machine.disks) or cost.bytes > MOST_BYTES * len(machine.disks)
    ]
    return costs, wrong


def _remove(path: Path) -> None:
    """Remove a container with its extents; a stream stays for the containers that are made from it."""
    stem = path.name.removesuffix(".vmdk")
    extents = [] if stem == path.name else [*path.parent.glob(f"{stem}-*.vmdk")]
    for each in [path, *extents]:
        if not each.name.endswith(".stream.vmdk"):
            each.unlink(missing_ok=True)


def _measured(machine: Machine, name: str, inspection: Inspection, files: list[Path]) -> Measured:
    cost = inspection.cost
    stored = sum(path.stat().st_size for path in files)
    return Measured(machine.name, name, cost.gets, cost.bytes, stored)


def _facts(document: dict[str, Any]) -> dict[str, Any]:
    """What must be the same in every container."""
    guest = dict(document["Guest"] or {})
    guest["Root"] = {**guest["Root"], "Disk": None} if guest.get("Root") else None
    disks = [(disk["Partitions"], disk["LogicalVolumes"], disk["VirtualSize"]) for disk in document["Disks"]]
    return {"Guest": guest, "Disks": disks}


def _compare(kind: Format, made: list[Path], inspection: Inspection, reference: dict[str, Any]) -> list[str]:
    wrong = []
    container = inspection.container
    if (container.format, container.subtype) != kind.reported:
        wrong.append(f"reported as {container.format} {container.subtype}")
    for path, disk in zip(made, inspection.disks, strict=True):
        if kind.qemu is not None:
            size = references.image(path, kind.qemu)["virtual-size"]
            if disk.image.virtual_size != size:
                wrong.append(f"{path.name}: {size} bytes by qemu-img, {disk.image.virtual_size} by us")
    if kind.decodes and _facts(inspection.to_document()) != reference:
        wrong.append("other facts than those of the raw disk")
    return wrong


def _decoded(machine: Machine, inspection: Inspection) -> list[str]:
    return [
        f"the decoded disk {disk.image.name} is not {raw.name}"
        for raw, disk in zip(machine.disks, inspection.disks, strict=True)
        if disk.image.data is None or not checks.same_disk(raw, disk.image.data)
    ]


def _report(measured: list[Measured], files: int, wrong: list[str]) -> None:
    """Print the costs, and keep them for whoever wants to compare."""
    print(f"\n{files} files compared by SHA-256; {len(wrong)} differences.")
    for cost in measured:
        print(f"{cost.machine:16} {cost.container:14} {cost.gets:3} GETs {cost.bytes / 2**20:5.2f} MiB")
    report = {"Files": files, "Differences": wrong, "Costs": [asdict(cost) for cost in measured]}
    (FOLDER / "report.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
