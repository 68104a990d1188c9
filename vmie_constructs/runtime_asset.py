"""The code that Lambda runs, as one directory: `lambda/` and the pure-Python distributions it needs.

An installed wheel carries the directory ready-made beside this module. In a checkout it is put together from
`lambda/` and the installed distributions, so that synthesis needs neither network nor Docker. Either way its
content, and with it the asset hash, is the same on every machine. Standard library only: the wheel's build
hook loads this module by path.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

PACKAGED = Path(__file__).with_name("_lambda")
EXCLUDED = ("**/__pycache__", "**/*.pyc")

# Parts of Powertools that the runtime does not import: each would need packages that are not vendored
# (pydantic, cryptography, a Kafka schema library) or serves web APIs, feature flags and caches, which the
# runtime has not.
TRIMMED = (
    "aws_lambda_powertools/event_handler/",
    "aws_lambda_powertools/utilities/auth_alpha/",
    "aws_lambda_powertools/utilities/circuit_breaker/",
    "aws_lambda_powertools/utilities/data_masking/",
    "aws_lambda_powertools/utilities/feature_flags/",
    "aws_lambda_powertools/utilities/idempotency/",
    "aws_lambda_powertools/utilities/kafka/",
    "aws_lambda_powertools/utilities/metadata/",
    "aws_lambda_powertools/utilities/parameters/",
    "aws_lambda_powertools/utilities/parser/",
    "aws_lambda_powertools/utilities/streaming/",
    "aws_lambda_powertools/utilities/validation/",
)
_LICENCE = re.compile(r"(licen[cs]e|copying|notice)", re.IGNORECASE)
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)")
_KEPT_SECONDS = 24 * 3600


class RuntimeAssetError(Exception):
    """The runtime's code cannot be put together here; the message says what to install."""


def runtime_asset_directory() -> Path:
    """Give the directory to upload, putting it together first in a checkout.

    Raises:
        RuntimeAssetError: a vendored distribution is missing or has another version than `pyproject.toml`
            pins.
    """
    if PACKAGED.is_dir():
        return PACKAGED
    checkout = Path(__file__).resolve().parents[1]
    return stage(checkout, checkout / "build" / "lambda")


def content_hash(directory: Path) -> str:
    """Hash the names and bytes of what would be uploaded: no modes, times or compiled files."""
    files = sorted(
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if _uploaded(path, directory)
    )
    return _hash_of({name: directory / name for name in files})


def stage(checkout: Path, target: Path) -> Path:
    """Put the asset together below `target`, in a directory named after its content.

    Processes may do so at once: each writes a directory of its own and renames it, and the first one wins.
    What is there already is used as it is; directories unused for a day are removed.

    Args:
        checkout: The repository's root, with `lambda/` and `pyproject.toml`.
        target: Where the directories are kept.

    Returns:
        The directory of today's content.

    Raises:
        RuntimeAssetError: a vendored distribution is missing or has another version than `pyproject.toml`
            pins.
    """
    sources = _sources(checkout)
    staged = target / _hash_of(sources)[:32]
    if staged.is_dir():
        os.utime(staged)
        return staged
    target.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".staging-", dir=target))
    try:
        _copy(sources, scratch)
        try:
            scratch.rename(staged)
        except OSError:
            if not staged.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _remove_unused(target, keep=staged)
    return staged


def pinned_distributions(checkout: Path) -> dict[str, str]:
    """Read the vendored distributions and their exact versions from `[dependency-groups].runtime`."""
    groups = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    pins = {}
    for requirement in groups["runtime"]:
        pin = _PIN.fullmatch(requirement)
        if pin is None:
            raise RuntimeAssetError(
                f"[dependency-groups].runtime in pyproject.toml holds {requirement!r}: what is vendored needs"
                " an exact version. Write it as name==version."
            )
        pins[pin["name"]] = pin["version"]
    return pins


def _sources(checkout: Path) -> dict[str, Path]:
    """Map each name in the asset to the file it comes from, in the order of names."""
    code = checkout / "lambda"
    sources = {path.relative_to(code).as_posix(): path for path in code.rglob("*") if _uploaded(path, code)}
    for name, version in pinned_distributions(checkout).items():
        sources.update(_vendored(name, version))
    return dict(sorted(sources.items()))


def _vendored(name: str, version: str) -> Iterator[tuple[str, Path]]:
    found = _installed(name, version)
    for entry in found.files or ():
        path = PurePosixPath(entry.as_posix())
        location = Path(str(found.locate_file(entry)))
        if path.parts[0].endswith(".dist-info"):
            if _LICENCE.search(path.name):
                yield f"licences/{name}/{path.name}", location
        elif ".." not in path.parts and path.suffix != ".pyc" and not str(path).startswith(TRIMMED):
            yield str(path), location


def _installed(name: str, version: str) -> Distribution:
    remedy = f"Install it with `pip install {name}=={version}`, or everything with `make setup`."
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise RuntimeAssetError(
            f"The Lambda code needs {name} {version}, which is not installed. {remedy}"
        ) from None
    if found.version != version:
        raise RuntimeAssetError(
            f"The Lambda code needs {name} {version}, but {found.version} is installed: the asset would"
            f" differ from other machines'. {remedy}"
        )
    return found


def _uploaded(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return not hidden and path.suffix != ".pyc" and path.is_file()


def _hash_of(sources: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in sources.items():
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _copy(sources: Mapping[str, Path], directory: Path) -> None:
    """Copy with the modes that Lambda needs, whatever the umask here is."""
    directory.chmod(0o755)
    for name, path in sources.items():
        copy = directory / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o644)
    for folder in directory.rglob("*"):
        if folder.is_dir():
            folder.chmod(0o755)


def _remove_unused(target: Path, *, keep: Path) -> None:
    # Another process may be about to upload what it staged a moment ago, hence the day.
    oldest = time.time() - _KEPT_SECONDS
    for directory in target.iterdir():
        if directory != keep and directory.is_dir() and directory.stat().st_mtime < oldest:
            shutil.rmtree(directory, ignore_errors=True)
