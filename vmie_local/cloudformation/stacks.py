"""All stacks of the local AWS."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable

from vmie_local.cloudformation.errors import TemplateError
from vmie_local.cloudformation.stack import Output, Stack


class Stacks:
    """Finds stacks by name or id, and what they export to each other."""

    def __init__(self) -> None:
        self._stacks: list[Stack] = []
        self._lock = threading.Lock()
        self._imports: dict[str, set[str]] = {}

    def all(self, region: str) -> list[Stack]:
        """Every stack of a Region, the newest first, deleted ones too."""
        with self._lock:
            return [stack for stack in reversed(self._stacks) if stack.region == region]

    def find(self, region: str, name_or_id: str) -> Stack | None:
        """A stack by its id, or by its name unless it is deleted."""
        for stack in self.all(region):
            if stack.id == name_or_id or (stack.name == name_or_id and stack.status != "DELETE_COMPLETE"):
                return stack
        return None

    def add(self, name: str, account: str, region: str, partition: str) -> Stack:
        """Make an empty stack."""
        stack_id = f"arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"
        stack = Stack(name=name, id=stack_id, account=account, region=region)
        with self._lock:
            self._stacks.append(stack)
        return stack

    def remove(self, stack: Stack) -> None:
        """Forget a stack that never was more than a change set."""
        with self._lock:
            self._stacks.remove(stack)

    def exports(self, region: str) -> dict[str, tuple[Stack, Output]]:
        """The exports of a Region by name."""
        return {
            output.export_name: (stack, output)
            for stack in self.all(region)
            if stack.status != "DELETE_COMPLETE"
            for output in list(stack.outputs.values())
            if output.export_name
        }

    def export_value(self, region: str, name: str) -> str:
        """The value of an export.

        Raises:
            TemplateError: If no stack exports that name.
        """
        found = self.exports(region).get(name)
        if found is None:
            raise TemplateError(f"No export named {name} found.")
        return found[1].value

    def output_value(self, name_or_id: str, output: str, region: str) -> str:
        """The value of a stack's output.

        Raises:
            TemplateError: If there is no such stack or output.
        """
        stack = self.find(region, name_or_id)
        if stack is None or output not in stack.outputs:
            raise TemplateError(f"Stack [{name_or_id}] in {region} has no output {output}.")
        return stack.outputs[output].value

    def record_imports(self, stack: Stack, names: Iterable[str]) -> None:
        """Remember which exports a stack uses."""
        with self._lock:
            self._imports[stack.id] = set(names)

    def importers(self, stack: Stack, name: str) -> list[str]:
        """The names of the live stacks that use an export of a stack."""
        return sorted(
            other.name
            for other in self.all(stack.region)
            if other is not stack
            and other.status != "DELETE_COMPLETE"
            and name in self._imports.get(other.id, set())
        )

    def check_exports(self, stack: Stack, outputs: Iterable[Output]) -> None:
        """Refuse exports whose name is taken, and the end of exports that are in use.

        Raises:
            TemplateError: If that is so.
        """
        wanted = {output.export_name: output for output in outputs if output.export_name}
        for name, (owner, _) in self.exports(stack.region).items():
            if name in wanted and owner is not stack:
                raise TemplateError(f"Export with name {name} is already exported by stack {owner.name}.")
        for output in stack.outputs.values():
            kept = wanted.get(output.export_name)
            if not output.export_name or (kept and kept.value == output.value):
                continue
            if users := self.importers(stack, output.export_name):
                verb = "update" if kept else "delete"
                raise TemplateError(
                    f"Cannot {verb} export {output.export_name} as it is in use by {', '.join(users)}."
                )
