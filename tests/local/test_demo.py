"""The demo as a user runs it: a process whose output goes to a file."""

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def run_demo(*arguments: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: PLW1510 - the tests look at the exit code
        [sys.executable, "-m", "vmie_local.demo", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )


def test_the_demo_disk_becomes_an_ami_with_a_bill(tmp_path: Path) -> None:
    demo = run_demo(temporary=tmp_path)

    assert demo.returncode == 0, demo.stdout
    assert re.search(r"^ami-[0-9a-f]{17} is ready", demo.stdout, re.MULTILINE)
    assert "converting" in demo.stdout
    assert '"Status": "Succeeded"' in demo.stdout
    total = re.search(r"Total +\$(0\.\d+)", demo.stdout)
    assert total is not None and 0 < float(total[1]) < 0.01
    assert "a month" in demo.stdout and "does not prove" in demo.stdout
    assert "\x1b" not in demo.stdout
    assert left_behind(tmp_path) == []


def test_a_text_file_named_vmdk_fails_with_a_remedy(tmp_path: Path) -> None:
    image = tmp_path / "notes.vmdk"
    image.write_text("not a disk\n" * 100)
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    demo = run_demo(str(image), temporary=temporary)

    assert demo.returncode == 1, demo.stdout
    remedy = re.search(r"^ +Remedy +(\S.+)$", demo.stdout, re.MULTILINE)
    assert remedy is not None, demo.stdout
    assert re.search(r"^ +Code +\w+", demo.stdout, re.MULTILINE)
    assert "ami-" not in demo.stdout
    assert left_behind(temporary) == []


def left_behind(folder: Path) -> list[str]:
    """What the demo made and did not remove; jsii keeps its own unpacked kernels."""
    return [
        path.name for path in folder.iterdir() if not path.name.startswith(("jsii-", "node-compile-cache"))
    ]
