from pathlib import Path

import pytest

from vmie_local.demo import command
from vmie_local.demo.command import main
from vmie_local.demo.disk_file import DiskFile
from vmie_local.demo.errors import DemoError
from vmie_local.demo.screen import Screen


@pytest.fixture(autouse=True)
def own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LOG", tmp_path / "build" / "demo.log")
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    monkeypatch.setattr(command.logging, "basicConfig", lambda **_: None)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> type:
    """Replaces the demo itself; `outcome` is what it returns or raises."""

    class Run:
        outcome: str | BaseException | None = "ami-1"

        @classmethod
        def __call__(cls, *_: DiskFile | Screen) -> str | None:
            if isinstance(cls.outcome, BaseException):
                raise cls.outcome
            return cls.outcome

    monkeypatch.setattr("vmie_local.demo.run.run", Run())
    return Run


def test_an_import_exits_with_0_and_names_the_image(
    running: type, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 0
    assert "ami-1 is ready" in capsys.readouterr().out


def test_a_failed_import_exits_with_1(running: type) -> None:
    running.outcome = None

    assert main([]) == 1


def test_a_wrong_image_exits_with_1_and_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/nowhere/disk.vmdk"]) == 1

    printed = capsys.readouterr().out
    assert "There is no file /nowhere/disk.vmdk." in printed
    assert "make demo IMAGE=" in printed


def test_an_interruption_exits_with_130(running: type, capsys: pytest.CaptureFixture[str]) -> None:
    running.outcome = KeyboardInterrupt()

    assert main([]) == 130
    assert "Nothing is left running" in capsys.readouterr().out


def test_a_failed_deployment_says_what_to_do(running: type, capsys: pytest.CaptureFixture[str]) -> None:
    running.outcome = DemoError("`cdk deploy` failed with exit code 1", "Fix what the CDK CLI names.")

    assert main([]) == 1
    assert "Fix what the CDK CLI names." in capsys.readouterr().out


def test_a_fault_of_the_demo_names_the_log(running: type, capsys: pytest.CaptureFixture[str]) -> None:
    running.outcome = RuntimeError("unexpected")

    assert main([]) == 1
    printed = capsys.readouterr().out
    assert "RuntimeError: unexpected" in printed and "demo.log" in printed


def test_outside_a_clone_it_says_where_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setattr(command, "REPOSITORY", tmp_path)

    assert main([]) == 1
    assert "clone of the repository" in capsys.readouterr().out


def test_an_unknown_option_exits_with_2() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--fast"])

    assert ended.value.code == 2
