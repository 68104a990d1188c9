import io
import json

import pytest

from vmie_local.demo.following import Sighting
from vmie_local.demo.screen import Screen, aws_duration


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_lines_without_escapes() -> None:
    stream = io.StringIO()
    screen = Screen(stream, environment={})

    with screen.step("cdk deploy") as tell:
        tell("VmImportExport")

    assert "cdk deploy" in stream.getvalue() and "VmImportExport" in stream.getvalue()
    assert "\x1b" not in stream.getvalue() and "\r" not in stream.getvalue()


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_plain_lines_too(environment: dict[str, str]) -> None:
    stream = Terminal()

    with Screen(stream, environment=environment).phases() as show:
        show(Sighting("converting", 20, 600))

    assert "converting" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_a_bar() -> None:
    stream = Terminal()

    with Screen(stream, environment={"TERM": "xterm-256color"}).phases() as show:
        show(Sighting("converting", 20, 600))

    assert "\x1b[" in stream.getvalue()


def test_each_phase_is_one_line_however_often_it_is_seen() -> None:
    stream = io.StringIO()

    with Screen(stream, environment={}).phases() as show:
        for progress in (19, 20, 21):
            show(Sighting("converting", progress, 600 + progress))
        show(Sighting("booting", None, 3700))

    assert stream.getvalue().splitlines() == [
        "   0:10:19  converting                        19 %",
        "   1:01:40  booting",
    ]


def test_a_step_that_fails_is_marked_and_the_error_goes_on() -> None:
    stream = io.StringIO()

    with pytest.raises(ValueError, match="broken"), Screen(stream, environment={}).step("cdk bootstrap"):
        raise ValueError("broken")

    assert "FAILED" in stream.getvalue() or "✗" in stream.getvalue()


def test_an_ascii_stream_gets_no_other_characters() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)
    screen = Screen(stream, environment={})

    with screen.step("Start"):
        pass

    assert b"ok" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_brackets_in_names_are_not_markup() -> None:
    stream = io.StringIO()

    Screen(stream, environment={}).problem("disk[red].vmdk is missing.", "Look for [it].")

    assert "disk[red].vmdk is missing." in stream.getvalue()
    assert "Look for [it]." in stream.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00:00"), (59.9, "0:00:59"), (3661, "1:01:01")])
def test_durations_read_as_a_clock(seconds: float, text: str) -> None:
    assert aws_duration(seconds) == text


def test_values_are_never_broken_in_a_file() -> None:
    stream = io.StringIO()
    arn = "arn:aws:states:us-east-1:123456789012:execution:" + "x" * 200

    Screen(stream, environment={}).fields({"Arn": arn, "ImageId": "ami-1"})

    assert stream.getvalue().splitlines() == [f"  Arn      {arn}", "  ImageId  ami-1"]


def test_json_can_be_read_back_from_a_file() -> None:
    stream = io.StringIO()
    text = json.dumps({"Key": "images/[red] " + "x" * 300}, indent=2)

    Screen(stream, environment={}).json(text)

    assert json.loads(stream.getvalue()) == json.loads(text)
