"""The wheel stands on its own: it synthesises as the checkout does, without network or Docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from tests.unit.constructs.synthesis import Synthesised

pytestmark = pytest.mark.wheel
ROOT = Path(__file__).parents[2]
APP = """
import aws_cdk as cdk
from vmie_constructs import VmImportExport

app = cdk.App()
concrete = cdk.Stack(app, "Concrete", env=cdk.Environment(account="111122223333", region="eu-west-1"))
VmImportExport(concrete, "One")
VmImportExport(concrete, "Two")
VmImportExport(cdk.Stack(app, "Agnostic"), "Vmie")
app.synth()
"""


def run(*command: str, **environment: str) -> str:
    # Nothing may be fetched: a proxy that answers nobody, and no package index.
    closed = {"PIP_NO_INDEX": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    finished = subprocess.run(
        command, env={**kept, **closed, **environment}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source tree as it is now; whoever edits the original meanwhile does no harm."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    for name in ("lambda", "vmie_constructs", "vmie_local", "vmie_cli"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(
        sys.executable,
        *("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", str(folder), str(checkout)),
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def of_checkout(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a ten-line app synthesises beside the sources."""
    (checkout / "ten_lines.py").write_text(APP)
    output = tmp_path_factory.mktemp("checkout-out")
    run(sys.executable, str(checkout / "ten_lines.py"), CDK_OUTDIR=str(output))
    return output


@pytest.fixture(scope="module")
def of_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the same app synthesises in a fresh environment that has the wheel and the CDK."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = str(folder / "venv" / "bin" / "python")
    run(sys.executable, *("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", str(wheel)))
    (folder / "ten_lines.py").write_text(APP)
    output = folder / "cdk.out"
    printed = run(
        *(python, str(folder / "ten_lines.py")),
        PYTHONPATH=sysconfig.get_path("purelib"),
        CDK_OUTDIR=str(output),
    )
    assert printed == ""
    return output


def test_the_installed_wheel_inspects_an_image(of_wheel: Path) -> None:
    command = of_wheel.parent / "venv" / "bin" / "vmie-inspect"
    demo = ROOT / "examples" / "images" / "demo-linux.vmdk"

    said = json.loads(run(str(command), "--json", str(demo)))

    assert said["Verdicts"]["image"] == "accepted"
    assert said["Guest"]["PrettyName"] == "Debian GNU/Linux 12 (bookworm)"


def template(assembly: Path, stack: str) -> Synthesised:
    return Synthesised(json.loads((assembly / f"{stack}.template.json").read_text()))


@pytest.mark.parametrize("stack", ["Agnostic", "Concrete"])
def test_the_installed_wheel_synthesises_what_the_checkout_does(
    stack: str, of_wheel: Path, of_checkout: Path
) -> None:
    assert template(of_wheel, stack).template == template(of_checkout, stack).template


def test_every_function_runs_the_one_asset(of_wheel: Path) -> None:
    (asset,) = (path.name for path in of_wheel.glob("asset.*") if path.is_dir())
    functions: list[Any] = list(template(of_wheel, "Agnostic").of_type("AWS::Lambda::Function").values())
    keys = {function["Properties"]["Code"]["S3Key"] for function in functions}
    assert keys == {asset.removeprefix("asset.") + ".zip"}


def test_two_pipelines_share_a_stack(of_wheel: Path) -> None:
    found = template(of_wheel, "Concrete")
    assert len(found.of_type("AWS::StepFunctions::StateMachine")) == 4
    assert len(found.of_type("AWS::DynamoDB::GlobalTable")) == 2


def test_what_is_uploaded_holds_no_compiled_files(of_wheel: Path) -> None:
    (asset,) = (path for path in of_wheel.glob("asset.*") if path.is_dir())
    assert (asset / "vmie_runtime" / "intake.py").is_file()
    assert not [path for path in asset.rglob("*") if path.name == "__pycache__" or path.suffix == ".pyc"]


def test_the_wheel_carries_the_packages_their_types_and_every_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"vmie_constructs/py.typed", "vmie_local/py.typed"} <= names
    vendored = {name.split("/")[3] for name in names if name.startswith("vmie_constructs/_lambda/licences/")}
    assert vendored == {"aws-lambda-powertools", "defusedxml", "jmespath", "typing-extensions"}
    assert not [name for name in names if re.search(r"\.pyc$|__pycache__|(^|/)tests/", name)]


def test_the_wheel_needs_the_cdk_and_nothing_else_unless_asked(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(archive.read(path).decode())
    required = [each for each in metadata.get_all("Requires-Dist") or [] if "extra ==" not in each]
    assert sorted(re.split(r"[<>=]", each)[0] for each in required) == ["aws-cdk-lib", "constructs"]
    assert set(metadata.get_all("Provides-Extra") or []) == {"local", "cli"}
