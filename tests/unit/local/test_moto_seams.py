"""Every place of moto that is touched looks as expected, and nothing else touches moto."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vmie_local
from vmie_local import moto_seams
from vmie_local.moto_seams import Seam, SeamError, resolve

ROOT = Path(vmie_local.__file__).parent
SEAM_ROOM = ROOT / "moto_seams"


def seams() -> Iterator[tuple[str, Seam]]:
    for module in pkgutil.iter_modules(moto_seams.__path__):
        found = importlib.import_module(f"{moto_seams.__name__}.{module.name}")
        for name, value in vars(found).items():
            if isinstance(value, Seam):
                yield f"{module.name}.{name}", value


def test_every_seam_finds_its_place_in_moto() -> None:
    # In a process of its own: a local AWS that runs in this one has replaced what the seams name.
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import report; report()"],
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 20
    assert not done.stderr


def report() -> None:
    """Resolve every seam; print how many there are, and on standard error those that fail."""
    found = list(seams())
    for name, seam in found:
        try:
            resolve(seam)
        except SeamError as error:
            print(f"{name}: {error}", file=sys.stderr)
    print(len(found))


def test_every_module_of_the_room_lists_its_seams() -> None:
    """SEAMS is what a reader of an upgrade of moto goes through."""
    for module in pkgutil.iter_modules(moto_seams.__path__):
        found = importlib.import_module(f"{moto_seams.__name__}.{module.name}")
        own = {
            name
            for name, value in vars(found).items()
            if isinstance(value, Seam) and f"\n{name} = Seam(" in Path(str(found.__file__)).read_text()
        }
        listed = {seam.target for seam in getattr(found, "SEAMS", ())}
        assert {getattr(found, name).target for name in own} <= listed, module.name


def test_a_seam_that_moto_no_longer_has_is_named() -> None:
    with pytest.raises(SeamError, match=r"moto has no moto\.s3\.models:FakeKey\.wings .*because"):
        resolve(Seam("moto.s3.models:FakeKey.wings", "because"))


def test_a_changed_signature_is_shown() -> None:
    with pytest.raises(SeamError, match=r"takes .*'self'.*, expected \('nothing',\): because"):
        resolve(Seam("moto.s3.models:FakeKey.restore", "because", ("nothing",)))


def test_only_the_seams_import_moto() -> None:
    others = [path for path in ROOT.rglob("*.py") if SEAM_ROOM not in path.parents]
    assert others
    assert [str(path.relative_to(ROOT)) for path in others if "moto" in imported_by(path)] == []


def imported_by(file: Path) -> set[str]:
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(str(node.module).split(".")[0])
    return imported
