"""Parallel and Map: several flows inside one state."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vmie_local.workflows.errors import QUERY_EVALUATION, RUNTIME, Halted, StateError
from vmie_local.workflows.flow import Flow

if TYPE_CHECKING:
    from vmie_local.workflows.interpreter import Interpreter
    from vmie_local.workflows.visit import Visit

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
_MOST_ITERATIONS_AT_ONCE = 40


def run_parallel(interpreter: Interpreter, visit: Visit, arguments: Any) -> list[Any]:
    """Run every branch on the same input; their outputs in order.

    Raises:
        StateError: The first error of a branch; the other branches are called off.
    """
    visit.note("ParallelStateStarted")

    def branch(machine: dict[str, Any]) -> Callable[[Flow], Any]:
        return lambda flow: interpreter.follow(machine["States"], _inside(visit, flow, machine, arguments))

    try:
        outputs = _together(visit, [branch(machine) for machine in visit.state["Branches"]], 0)
    except StateError:
        visit.note("ParallelStateFailed")
        raise
    visit.note("ParallelStateSucceeded")
    return outputs


def run_map(interpreter: Interpreter, visit: Visit) -> list[Any]:
    """Run the item processor on every item; the outputs in order.

    Raises:
        StateError: The first error of an iteration; the others are called off.
    """
    state = visit.state
    items = visit.render(state["Items"], "Items") if "Items" in state else visit.data
    if not isinstance(items, list):
        raise visit.error(QUERY_EVALUATION, "The field 'Items' must be an array.")
    limit = visit.seconds("MaxConcurrency") or 0
    visit.note("MapStateStarted", {"length": len(items)})

    def iteration(index: int, item: Any) -> Callable[[Flow], Any]:
        def work(flow: Flow) -> Any:
            inner = _inside(visit, flow, state["ItemProcessor"], item)
            inner.context = {**inner.context, "Map": {"Item": {"Index": index, "Value": item}}}
            details = {"name": visit.name, "index": index}
            inner.note("MapIterationStarted", details)
            try:
                if "ItemSelector" in state:
                    selecting = replace(visit, context=inner.context)
                    inner.data = selecting.render(state["ItemSelector"], "ItemSelector")
                output = interpreter.follow(state["ItemProcessor"]["States"], inner)
            except StateError:
                inner.note("MapIterationFailed", details)
                raise
            inner.note("MapIterationSucceeded", details)
            return output

        return work

    try:
        work = [iteration(index, item) for index, item in enumerate(items)]
        outputs = _together(visit, work, int(limit))
    except StateError:
        visit.note("MapStateFailed")
        raise
    visit.note("MapStateSucceeded")
    return outputs


def _inside(visit: Visit, flow: Flow, machine: dict[str, Any], data: Any) -> Visit:
    return replace(visit, flow=flow, name=machine["StartAt"], data=data, variables=dict(visit.variables))


def _together(visit: Visit, work: list[Callable[[Flow], Any]], limit: int) -> list[Any]:
    """Run each on a flow of its own, at most `limit` at once (0: as many as Step Functions allows)."""
    outer = Flow(visit.execution.clock, visit.flow)
    outputs: list[Any] = [None] * len(work)
    failures: list[Exception] = []
    waiting = list(enumerate(work))
    waiting.reverse()
    running = 0

    def run() -> None:
        nonlocal running
        try:
            while True:
                with outer.changed:
                    if outer.over or not waiting:
                        return
                    index, todo = waiting.pop()
                outputs[index] = todo(Flow(visit.execution.clock, outer))
        except Halted:
            return
        except StateError as error:
            failures.append(error)
            outer.call_off()
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the state, not hang it
            failures.append(StateError(RUNTIME, f"{type(error).__name__}: {error}"))
            outer.call_off()
        finally:
            with outer.changed:
                running -= 1
                outer.changed.notify_all()

    count = min(limit or _MOST_ITERATIONS_AT_ONCE, _MOST_ITERATIONS_AT_ONCE, len(work))
    running = count
    threads = [threading.Thread(target=run, name="workflow-branch", daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        visit.flow.wait_for(lambda: running == 0 or bool(failures))
    except Halted:
        for thread in threads:
            thread.join()
        raise
    finally:
        outer.call_off()
    if failures:
        raise failures[0]
    return outputs
