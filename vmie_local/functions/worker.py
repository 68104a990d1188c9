"""A worker: one process of `awslambdaric` that runs one function version, one invocation at a time."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, cast

from vmie_local.functions.function import FunctionVersion
from vmie_local.functions.invocation import Invocation, Outcome, error_document
from vmie_local.functions.log_pipe import LogPipe
from vmie_local.functions.runtime_api import Answer, NextInvocation, RuntimeApi

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
# Lambda allows 10 s; this machine may be starting several processes on two cores.
_INIT_SECONDS = 60.0


class Worker:
    """A warm process. Not safe for two invocations at once."""

    def __init__(self, function: FunctionVersion, environment: dict[str, str], folder: Path) -> None:
        """Start the process.

        Args:
            function: What it runs.
            environment: All variables but the address of the Runtime API and the temporary folder.
            folder: A folder of its own, as `/tmp` is on Lambda.
        """
        self.function = function
        self.log_stream = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._folder = folder
        folder.mkdir(parents=True)
        self._api = RuntimeApi()
        self._process = subprocess.Popen(
            [sys.executable, "-S", str(_BOOTSTRAP), function.handler],
            cwd=environment["LAMBDA_TASK_ROOT"],
            env={
                **environment,
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
                "TMPDIR": str(folder),
                "HOME": str(folder),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._log = LogPipe(cast("IO[bytes]", self._process.stdout))
        self._broken = False
        self._used = False
        threading.Thread(target=self._watch, name="worker-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether another invocation may be given to it."""
        return not self._broken and self._process.poll() is None

    def run(self, function: FunctionVersion, invocation: Invocation) -> Outcome:
        """Have one event handled; blocks until it is answered, timed out, or the process is gone.

        Args:
            function: The function as it was asked for: ARN and timeout may differ between invocations.
            invocation: The event.
        """
        started = time.monotonic()
        answer = self._initialised()
        if answer is None:
            handed_out = time.monotonic()
            self._api.hand_out(
                NextInvocation(
                    invocation.request_id,
                    invocation.payload,
                    int((time.time() + function.timeout) * 1000),
                    function.invoked_arn,
                    invocation.trace_header,
                )
            )
            try:
                answer = self._api.answers.get(timeout=function.timeout)
            except queue.Empty:
                answer = self._timed_out(invocation.request_id, function.timeout)
            init_ms = None if self._used else (handed_out - started) * 1000
            self._used = True
            started = handed_out
        else:
            init_ms = (time.monotonic() - started) * 1000
        if answer.kind == "exit":
            answer = self._gone(invocation.request_id)
        return self._outcome(invocation, answer, (time.monotonic() - started) * 1000, init_ms)

    def kill(self) -> None:
        """Take the process away, whatever it is doing (SIGKILL)."""
        self._broken = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End the process and release what it held."""
        self.kill()
        self._process.wait()
        self._api.close()
        if self._process.stdin:
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialised(self) -> Answer | None:
        deadline = time.monotonic() + _INIT_SECONDS
        while not self._api.idle.wait(0.05):
            try:
                answer = self._api.answers.get_nowait()
            except queue.Empty:
                if time.monotonic() > deadline:
                    self.kill()
                    return Answer("init_error", error_document("Sandbox.Timedout", "Init timed out."))
                continue
            self._broken = True
            return answer
        return None

    def _timed_out(self, request_id: str, timeout: float) -> Answer:
        self.kill()
        message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
        return Answer("error", error_document("Sandbox.Timedout", message))

    def _gone(self, request_id: str) -> Answer:
        self._broken = True
        code = self._process.wait()
        if code < 0:
            name = signal.Signals(-code).name.removeprefix("SIG").lower()
            how = "signal: killed" if code == -signal.SIGKILL else f"signal: {name}"
        else:
            how = f"exit status {code}"
        message = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
        return Answer("error", error_document("Runtime.ExitError", message))

    def _outcome(
        self, invocation: Invocation, answer: Answer, took_ms: float, init_ms: float | None
    ) -> Outcome:
        request_id = invocation.request_id
        report = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {took_ms:.2f} ms",
            f"Billed Duration: {int(took_ms) + 1} ms",
            f"Memory Size: {self.function.memory_mb} MB",
            f"Max Memory Used: {_peak_memory_mb(self.pid)} MB",
        ]
        if init_ms is not None:
            report.append(f"Init Duration: {init_ms:.2f} ms")
        lines = (
            f"START RequestId: {request_id} Version: {self.function.version}",
            *self._log.take(),
            f"END RequestId: {request_id}",
            "\t".join(report),
        )
        return Outcome(answer.body, answer.kind != "response", request_id, lines)

    def _watch(self) -> None:
        self._log.pump()
        self._process.wait()
        self._api.answers.put(Answer("exit"))


def _peak_memory_mb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def base_environment() -> dict[str, str]:
    """What a process needs of this machine: nothing of the user's own settings."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "en_US.UTF-8", "TZ": ":UTC"}
