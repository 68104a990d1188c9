"""The functions' code: its size as a zip, and how long each handler module takes to import."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.figures import Figure, Section

_RUNTIME_ASSET = Path(__file__).resolve().parents[1] / "vmie_constructs" / "runtime_asset.py"
_RUNS = 7
_MOST_MILLISECONDS = 300
_MEASURE = (
    "import sys, time; began = time.perf_counter(); __import__(sys.argv[1]); "
    "print((time.perf_counter() - began) * 1000)"
)


def measure() -> list[Section]:
    """Pack the code and import every handler."""
    code = _asset()
    packed, unpacked = _sizes(code)
    times = _import_milliseconds(handler_modules(code), code)
    imports = [
        Figure(
            name=module.removeprefix("vmie_runtime."), value=milliseconds, unit="ms", most=_MOST_MILLISECONDS
        )
        for module, milliseconds in times.items()
    ]
    return [
        Section(
            "Code of the functions",
            (
                Figure(name="Zip", value=packed / 2**20, unit="MiB", note="one for all functions"),
                Figure(name="Unpacked", value=unpacked / 2**20, unit="MiB"),
            ),
        ),
        Section(
            f"Import of a handler in a new process (best of {_RUNS}; our code compiled each time)",
            tuple(imports),
        ),
    ]


def handler_modules(code: Path) -> list[str]:
    """The modules with a `handler`, as the functions name them."""
    runtime = code / "vmie_runtime"
    files = sorted(file for file in runtime.rglob("*.py") if "def handler(" in file.read_text())
    return [".".join(file.relative_to(code).with_suffix("").parts) for file in files]


def _asset() -> Path:
    """The directory that the constructs upload; the package around its module would start the CDK."""
    spec = importlib.util.spec_from_file_location("runtime_asset", _RUNTIME_ASSET)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Path(module.runtime_asset_directory())


def _sizes(code: Path) -> tuple[int, int]:
    files = [file for file in code.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    with tempfile.TemporaryFile() as target:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(code))
        return target.tell(), sum(file.stat().st_size for file in files)


def _import_milliseconds(modules: list[str], code: Path) -> dict[str, float]:
    """The best of several fresh interpreters each: what else the machine does only adds time.

    Lambda's own Python brings boto3 compiled; our code comes without compiled files, nor can it leave any.
    """
    boto3 = importlib.util.find_spec("boto3")
    assert boto3 is not None and boto3.origin is not None
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join([str(code), str(Path(boto3.origin).parents[1])]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "POWERTOOLS_METRICS_NAMESPACE": "VmImportExport",
    }
    best = dict.fromkeys(modules, math.inf)
    # Round by round, so that a busy moment does not hit one module alone.
    for _ in range(_RUNS):
        for module in modules:
            command = [sys.executable, "-S", "-c", _MEASURE, module]
            run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            best[module] = min(best[module], float(run.stdout))
    return best
