from __future__ import annotations

import os
import threading

from vmie_local.functions.log_pipe import LogPipe


def test_what_was_printed_before_is_taken_at_once() -> None:
    reading, writing = os.pipe()
    pipe = LogPipe(os.fdopen(reading, "rb"))
    os.write(writing, b"one\ntwo\rmore of two\n\nthree")
    assert pipe.take() == ["one", "two\nmore of two", "three"]
    assert pipe.take() == []
    os.close(writing)
    pipe.pump()


def test_the_pipe_never_fills_up() -> None:
    reading, writing = os.pipe()
    pipe = LogPipe(os.fdopen(reading, "rb"))
    pump = threading.Thread(target=pipe.pump)
    pump.start()
    with os.fdopen(writing, "w") as process:
        for number in range(20000):
            process.write(f"line {number}\n")
    pump.join(10)
    lines = pipe.take()
    assert (len(lines), lines[-1]) == (20000, "line 19999")


def test_bytes_that_are_no_text_are_shown_somehow() -> None:
    reading, writing = os.pipe()
    pipe = LogPipe(os.fdopen(reading, "rb"))
    os.write(writing, b"\xff\xfe!\n")
    assert pipe.take()[0].endswith("!")
    os.close(writing)
    pipe.pump()
