"""Deployment packages on disk, and the packages that Lambda's Python runtimes bring along."""

from __future__ import annotations

import io
import shutil
import threading
import uuid
import zipfile
from importlib import metadata
from pathlib import Path

from vmie_local.functions.function import Archive

# The runtimes include boto3 and what it needs: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
_RUNTIME_DISTRIBUTIONS = (
    "awslambdaric",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot-restore-py",
    "urllib3",
)


class CodeStore:
    """Unpacks every archive once."""

    def __init__(self, folder: Path) -> None:
        """Keep the folders below `folder`, which is made when first needed."""
        self._folder = folder
        self._lock = threading.Lock()

    def unpack(self, archive: Archive) -> Path:
        """The folder that holds an archive's files."""
        folder = self._folder / archive.digest
        with self._lock:
            if not folder.exists():
                partial = self._folder / f"{archive.digest}.{uuid.uuid4().hex[:8]}"
                partial.mkdir(parents=True)
                with zipfile.ZipFile(io.BytesIO(archive.read())) as package:
                    package.extractall(partial)
                partial.rename(folder)
        return folder

    def runtime_packages(self) -> Path:
        """A folder with boto3 and the runtime client, linked from where they are installed."""
        folder = self._folder / "runtime"
        with self._lock:
            if not folder.exists():
                partial = self._folder / f"runtime.{uuid.uuid4().hex[:8]}"
                partial.mkdir(parents=True)
                for distribution in _RUNTIME_DISTRIBUTIONS:
                    _link(distribution, partial)
                partial.rename(folder)
        return folder

    def remove(self) -> None:
        """Delete everything that was unpacked."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _link(distribution: str, folder: Path) -> None:
    found = metadata.distribution(distribution)
    top_level = {Path(file).parts[0] for file in found.files or ()}
    for name in top_level:
        installed = Path(str(found.locate_file(name)))
        if name not in {"..", "__pycache__"} and installed.exists():
            (folder / name).symlink_to(installed)
