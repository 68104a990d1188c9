"""The Lambda Runtime API for one worker process (2018-06-01), which `awslambdaric` is the client of.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import queue
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal


@dataclass(frozen=True)
class NextInvocation:
    """What `GET …/invocation/next` hands out."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_header: str


@dataclass(frozen=True)
class Answer:
    """What the process said: an answer, a handler's error, or an error of its initialisation."""

    kind: Literal["response", "error", "init_error", "exit"]
    body: bytes = b""


class RuntimeApi:
    """A server on 127.0.0.1 that one process talks to."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self.idle = threading.Event()
        self._invocations: queue.SimpleQueue[NextInvocation | None] = queue.SimpleQueue()
        self._server = _Server(self)
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="runtime-api", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The value of `AWS_LAMBDA_RUNTIME_API`."""
        return f"127.0.0.1:{self._server.server_port}"

    def hand_out(self, invocation: NextInvocation) -> None:
        """Let the process have an invocation."""
        self.idle.clear()
        self._invocations.put(invocation)

    def next_invocation(self) -> NextInvocation | None:
        """Wait for an invocation; None when the server closes."""
        self.idle.set()
        return self._invocations.get()

    def close(self) -> None:
        """Stop serving."""
        if self._closed:
            return
        self._closed = True
        self._invocations.put(None)
        with socket.create_connection(("127.0.0.1", self._server.server_port)):
            pass  # wakes the accepting thread, which sees that it is closed
        self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        # Blocks until a connection comes: unlike serve_forever, which wakes twice a second for every worker.
        while not self._closed:
            self._server.handle_request()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Requests)


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet per answer: without it, delayed acknowledgements cost 40 ms per invocation.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Serve `…/invocation/next`: wait for an invocation."""
        invocation = self.server.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return
        self._send(
            200,
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": invocation.trace_header,
            },
        )

    def do_POST(self) -> None:
        """`…/response`, `…/error` and `…/init/error`: take the answer."""
        body = self._body()
        if self.path.endswith("/init/error"):
            kind: Literal["response", "error", "init_error"] = "init_error"
        else:
            kind = "error" if self.path.endswith("/error") else "response"
        self.server.api.answers.put(Answer(kind, body))
        self._send(202, b'{"status":"OK"}', {})

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the console quiet."""
