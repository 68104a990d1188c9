"""Lambda functions as processes of their own."""

from __future__ import annotations

import os
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vmie_local.background import Background
from vmie_local.functions.api import InvokeApi
from vmie_local.functions.asynchronous import AsynchronousInvocations
from vmie_local.functions.code_store import CodeStore
from vmie_local.functions.destinations import deliver
from vmie_local.functions.environment import environment_of
from vmie_local.functions.event_sources import EventSources
from vmie_local.functions.function import FunctionRegistry, FunctionVersion
from vmie_local.functions.interruptions import Interruptions, Kill
from vmie_local.functions.invocation import (
    Invocation,
    Outcome,
    TooManyRequestsError,
    error_document,
    trace_header,
)
from vmie_local.functions.worker import Worker
from vmie_local.functions.worker_pool import WorkerPool
from vmie_local.moto_seams import lambda_, sqs

if TYPE_CHECKING:
    from vmie_local.front_door import ApiCall
    from vmie_local.server import LocalAws

_WARM_WORKERS = 64
_BACKGROUND_THREADS = 32

__all__ = ["FunctionVersion", "Functions", "Invocation", "Kill", "Outcome", "TooManyRequestsError"]


class Functions:
    """Lambda: runs function versions in processes, polls their queues, retries their events."""

    def __init__(self, cloud: LocalAws) -> None:
        self._cloud = cloud
        slots = cloud.settings.function_slots or 2 * (os.cpu_count() or 2) + 2
        self._code = CodeStore(cloud.data_dir / "functions")
        self._pool = WorkerPool(self._start_worker, slots, max(_WARM_WORKERS, slots))
        self._running: Counter[tuple[str, str, str]] = Counter()
        self._running_lock = threading.Lock()
        self.interruptions = Interruptions()
        self._background = Background(cloud.clock, "function-events", _BACKGROUND_THREADS)
        self._events = AsynchronousInvocations(self._background, cloud.clock, self.invoke, self._deliver)
        self.registry: FunctionRegistry = lambda_.install(self)
        sqs.install(cloud.clock)
        self._sources = EventSources(cloud, self)
        cloud.front_door.register("lambda", "Invoke", InvokeApi(self).invoke)
        cloud.front_door.observe(self._call_finished)
        cloud.front_door.control.add("functions/kill", "POST", self._kill_on_request)
        cloud.front_door.control.add("functions/kill", "DELETE", self._spare_on_request)

    def start(self) -> None:
        """Begin to poll event sources."""
        self._sources.start()

    def stop(self) -> None:
        """End the polling and every process."""
        self._sources.stop()
        self._pool.stop()
        self._background.stop()
        self._code.remove()

    def invoke(self, function: FunctionVersion, invocation: Invocation) -> Outcome:
        """Run a function and wait for its answer.

        Raises:
            TooManyRequestsError: If the function's reserved concurrency is used up.
        """
        if not function.runtime.startswith("python"):
            kind = function.runtime or "container images"
            what = f"The local AWS runs Python functions from zip files only, not {kind}."
            return Outcome(error_document("Runtime.Unsupported", what), True, invocation.request_id)
        with self._concurrency(function), self._pool.worker(function) as worker:
            traced = Invocation(
                invocation.payload, invocation.request_id, trace_header(invocation.trace_header)
            )
            self.interruptions.begin(traced.trace_header, function.name, traced.request_id, worker.kill)
            try:
                outcome = worker.run(function, traced)
            finally:
                self.interruptions.end(traced.trace_header)
            lambda_.write_log(function, worker.log_stream, outcome.log)
        return outcome

    def invoke_later(self, function: FunctionVersion, invocation: Invocation) -> None:
        """Accept an event; it is handled in the background, and retried twice if the function fails."""
        self._events.accept(function, invocation)

    def kill_next(self, function: str = "", *, times: int = 1) -> Kill:
        """Kill the worker of the next invocation before its handler runs.

        Args:
            function: Part of the function's name. Default: any function.
            times: How many invocations to kill.

        Returns:
            The order; `happened` fills with the request ids of the killed invocations.
        """
        return self.interruptions.add(Kill(function, times=times))

    def kill_when(
        self,
        function: str,
        service: str,
        operation: str | None = None,
        *,
        after_calls: int = 1,
        times: int = 1,
    ) -> Kill:
        """Kill the worker of a function right after it made a call: AWS did it, the function never learns.

        Args:
            function: Part of the function's name.
            service: IAM prefix of the service, such as `ec2`.
            operation: API operation, such as `ImportImage`. Default: any of the service.
            after_calls: The how-manyeth matching call of an invocation kills it.
            times: How many invocations to kill.

        Returns:
            The order; `happened` fills with the request ids of the killed invocations.
        """
        return self.interruptions.add(Kill(function, service, operation, after_calls, times))

    def _call_finished(self, call: ApiCall, _: int) -> None:
        self.interruptions.call_finished(call.headers.get("x-amzn-trace-id"), call.service, call.operation)

    def _kill_on_request(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """`POST /_vmie/functions/kill`."""
        self.interruptions.add(
            Kill(
                str(wanted.get("Function", "")),
                wanted.get("Service"),
                wanted.get("Operation"),
                int(wanted.get("AfterCalls", 1)),
                int(wanted.get("Times", 1)),
            )
        )
        return {}

    def _spare_on_request(self, _: dict[str, Any]) -> dict[str, Any]:
        self.interruptions.clear()
        return {}

    @contextmanager
    def _concurrency(self, function: FunctionVersion) -> Iterator[None]:
        limit = function.reserved_concurrency
        with self._running_lock:
            if limit is not None and self._running[function.family] >= limit:
                raise TooManyRequestsError(f"{function.name} may run {limit} times at once.")
            self._running[function.family] += 1
        try:
            yield
        finally:
            with self._running_lock:
                self._running[function.family] -= 1

    def _start_worker(self, function: FunctionVersion) -> Worker:
        folder = self._cloud.data_dir / "functions" / "tmp" / uuid.uuid4().hex
        return Worker(function, environment_of(function, self._cloud, self._code), folder)

    def _deliver(self, function: FunctionVersion, arn: str, body: str) -> None:
        deliver(self._cloud, function, arn, body)
