"""State machines and executions of every account and Region."""

from __future__ import annotations

import itertools
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

from vmie_local.clock import Clock
from vmie_local.workflows.definition import read_definition
from vmie_local.workflows.execution import Execution
from vmie_local.workflows.state_machine import Revision, StateMachine

_MACHINE_ARN = re.compile(r"arn:[^:]+:states:[^:]+:\d{12}:stateMachine:([^:]+)(?::(\d+))?")


class NoSuchMachineError(LookupError):
    """There is no such state machine."""


class MachineExistsError(ValueError):
    """A different state machine has that name."""


class ExecutionExistsError(ValueError):
    """A different execution has that name, or one that has ended."""


class Store:
    """What the API creates, finds and lists; in memory."""

    def __init__(self, clock: Clock, changed: Callable[[Execution], None]) -> None:
        """Begin empty.

        Args:
            clock: What all times are on.
            changed: Called with an execution after each change of its status.
        """
        self._clock, self._changed = clock, changed
        self._lock = threading.RLock()
        self._machines: dict[str, StateMachine] = {}
        self._executions: dict[str, Execution] = {}
        self._sequence = itertools.count(1)

    def create(
        self, arn: str, source: str, role_arn: str, settings: dict[str, Any], tags: dict[str, str]
    ) -> StateMachine:
        """A new state machine, or the one that was made with the same arguments.

        Raises:
            InvalidDefinitionError: If the definition cannot be executed.
            MachineExistsError: If the name is taken by a different one.
        """
        name = arn.split(":")[-1]
        revision = self._revision(arn, name, source, role_arn, settings)
        with self._lock:
            existing = self._machines.get(arn)
            if existing is not None:
                same = existing.current
                if (same.source, same.role_arn, same.settings) != (source, role_arn, settings):
                    raise MachineExistsError(arn)
                return existing
            machine = StateMachine(arn, name, self._clock.now(), revision, tags=dict(tags))
            self._machines[arn] = machine
            # A state machine of that name that was deleted takes the names of its executions with it.
            self._executions = {
                key: execution
                for key, execution in self._executions.items()
                if execution.revision.arn != arn or execution.status == "RUNNING"
            }
            return machine

    def update(
        self, arn: str, source: str | None, role_arn: str | None, settings: dict[str, Any]
    ) -> StateMachine:
        """Change a state machine; what runs goes on as it began.

        Raises:
            InvalidDefinitionError: If the definition cannot be executed.
            NoSuchMachineError: If it does not exist.
        """
        machine = self.machine(arn)
        with self._lock:
            old = machine.current
            machine.current = self._revision(
                arn, machine.name, source or old.source, role_arn or old.role_arn, old.settings | settings
            )
            return machine

    def publish(self, arn: str, description: str | None) -> Revision:
        """Give the current revision a number, unless it has one."""
        machine = self.machine(arn)
        with self._lock:
            current = machine.current
            for number, revision in machine.versions.items():
                if revision.revision_id == current.revision_id:
                    return machine.versions[number]
            number = max(machine.versions, default=0) + 1
            published = Revision(
                current.arn,
                current.name,
                current.source,
                current.definition,
                current.role_arn,
                current.settings,
                current.revision_id,
                self._clock.now(),
                number,
            )
            machine.versions[number] = published
            machine.descriptions[number] = description or ""
            return published

    def delete(self, arn: str) -> None:
        """Remove a state machine if it exists; its executions run to their end."""
        with self._lock:
            self._machines.pop(arn, None)

    def machines(self) -> list[StateMachine]:
        """Every state machine, by its name."""
        with self._lock:
            return sorted(self._machines.values(), key=lambda machine: machine.arn)

    def machine(self, arn: str) -> StateMachine:
        """A state machine by its ARN, with or without a version.

        Raises:
            NoSuchMachineError: If it does not exist.
        """
        with self._lock:
            machine = self._machines.get(unversioned(arn))
        if machine is None:
            raise NoSuchMachineError(arn)
        return machine

    def revision(self, arn: str) -> Revision:
        """What an ARN, with or without a version, runs.

        Raises:
            NoSuchMachineError: If it does not exist.
        """
        machine = self.machine(arn)
        found = _MACHINE_ARN.fullmatch(arn)
        version = found.group(2) if found else None
        if version is None:
            return machine.current
        if int(version) not in machine.versions:
            raise NoSuchMachineError(arn)
        return machine.versions[int(version)]

    def start(self, revision: Revision, name: str | None, text: str, data: Any) -> tuple[Execution, bool]:
        """A new execution, or the running one with the same name and input.

        Returns:
            The execution, and whether it is new.

        Raises:
            ExecutionExistsError: If the name is taken.
        """
        name = name or str(uuid.uuid4())
        arn = f"{revision.arn.replace(':stateMachine:', ':execution:')}:{name}"
        with self._lock:
            existing = self._executions.get(arn)
            if existing is not None:
                if existing.status == "RUNNING" and existing.data == data:
                    return existing, False
                raise ExecutionExistsError(arn)
            execution = Execution(
                arn=arn,
                name=name,
                revision=revision,
                input_text=text,
                data=data,
                clock=self._clock,
                changed=self._changed,
                sequence=next(self._sequence),
            )
            self._executions[arn] = execution
            return execution, True

    def execution(self, arn: str) -> Execution | None:
        """An execution by its ARN."""
        with self._lock:
            return self._executions.get(arn)

    def executions(self, machine_arn: str | None = None) -> list[Execution]:
        """The executions of a state machine, or all, the newest first."""
        with self._lock:
            found = [e for e in self._executions.values() if machine_arn in (None, e.revision.arn)]
        return sorted(found, key=lambda execution: execution.sequence, reverse=True)

    def _revision(
        self, arn: str, name: str, source: str, role_arn: str, settings: dict[str, Any]
    ) -> Revision:
        definition = read_definition(source)
        now = self._clock.now()
        return Revision(arn, name, source, definition, role_arn, settings, str(uuid.uuid4()), now)


def unversioned(arn: str) -> str:
    """The state machine's ARN without a version."""
    found = _MACHINE_ARN.fullmatch(arn)
    return arn.removesuffix(f":{found.group(2)}") if found and found.group(2) else arn
