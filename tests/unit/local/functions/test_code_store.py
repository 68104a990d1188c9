from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from vmie_local.functions.code_store import CodeStore
from vmie_local.functions.function import Archive


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    packed, reads = io.BytesIO(), list[int]()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("pkg/main.py", "x = 1\n")

    def read() -> bytes:
        reads.append(1)
        return packed.getvalue()

    store = CodeStore(tmp_path / "code")
    folder = store.unpack(Archive("digest", read))
    assert store.unpack(Archive("digest", read)) == folder
    assert (folder / "pkg" / "main.py").read_text() == "x = 1\n"
    assert len(reads) == 1


def test_functions_find_boto3_and_the_runtime_client_but_nothing_else_that_is_installed(
    tmp_path: Path,
) -> None:
    packages = CodeStore(tmp_path / "code").runtime_packages()
    script = (
        "import awslambdaric, boto3, importlib.util as u; print(u.find_spec('moto'), u.find_spec('pytest'))"
    )
    found = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "None None"
