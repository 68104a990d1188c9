"""A deployment: a stack is created or updated, or rolled back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from vmie_local.cloudformation.deletion import delete_all, deletion_order
from vmie_local.cloudformation.errors import RefusedError, ResourceFailedError, TemplateError
from vmie_local.cloudformation.intrinsics import Evaluator
from vmie_local.cloudformation.plan import Action, decide, present, wanted
from vmie_local.cloudformation.resource_handler import ResourceHandler
from vmie_local.cloudformation.scope import StackScope
from vmie_local.cloudformation.stack import ChangeSet, Output, Resource, Stack, now

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Step:
    """One entry of the journal that a rollback walks backwards."""

    action: Action
    old: Resource | None
    new: Resource


class Deployment:
    """Creates or updates a stack from a change set."""

    def __init__(
        self,
        stack: Stack,
        change_set: ChangeSet,
        tags: Mapping[str, str],
        scope: StackScope,
        handler: ResourceHandler,
        check_exports: Callable[[Iterable[Output]], None],
    ) -> None:
        """Prepare an operation; nothing happens before `run`.

        Args:
            stack: The stack, whose resources the scope shows.
            change_set: The template and the parameters' values.
            tags: The stack's tags from now on.
            scope: What functions see; its resources must be the stack's own.
            handler: Carries out single steps.
            check_exports: Raises TemplateError if an export's name is taken.
        """
        self._stack, self._change_set, self._tags = stack, change_set, dict(tags)
        self._handler, self._check_exports = handler, check_exports
        self._evaluator = Evaluator(change_set.template, scope)
        self._journal: list[_Step] = []
        self._at: tuple[str, str] | None = None
        self._verb = "CREATE" if stack.template is None else "UPDATE"

    def run(self) -> None:
        """Do it all; afterwards the stack has a final status."""
        stack = self._stack
        stack.become(f"{self._verb}_IN_PROGRESS", "User Initiated")
        try:
            removed = self._apply()
            outputs = self._outputs()
        except (ResourceFailedError, TemplateError) as error:
            self._fail(error)
            return
        except Exception as error:  # noqa: BLE001 - a stack must not stay in progress for ever
            _log.exception("The operation on stack %s broke", stack.name)
            self._fail(error)
            return
        with stack.lock:
            stack.template, stack.parameters = self._change_set.template, self._change_set.parameters
            stack.outputs, stack.tags = outputs, self._tags
            stack.updated_at = now() if self._verb == "UPDATE" else None
        if self._verb == "UPDATE":
            stack.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(removed)
        stack.become(f"{self._verb}_COMPLETE")

    def _apply(self) -> list[Resource]:
        """Create and change what the template wants; return what it no longer wants."""
        held = present(self._change_set.template, self._evaluator)
        for name, one in held.items():
            new = wanted(one, held, self._evaluator, self._handler, self._tags)
            old = self._stack.resources.get(name)
            action = decide(self._handler, old, new)
            if action == "keep" and old is not None:
                old.dependencies = new.dependencies
                old.deletion_policy, old.update_replace_policy = (
                    new.deletion_policy,
                    new.update_replace_policy,
                )
            else:
                self._step(action, old, new)
        return [one for name, one in self._stack.resources.items() if name not in held]

    def _step(self, action: Action, old: Resource | None, new: Resource) -> None:
        self._at = ("update" if action == "update" else "create", new.logical_id)
        if action == "update" and old is not None:
            # A failed update may have changed something: it is journalled before it is tried.
            self._journal.append(_Step("update", old, new))
            try:
                done = self._handler.update(old, new)
            except RefusedError:
                self._journal.pop()
                raise
        else:
            if action == "replace" and old is not None:
                self._refuse_custom_name(old, new)
            done = self._handler.create(new)
            self._journal.append(_Step(action, old, new))
        self._at = None
        with self._stack.lock:
            self._stack.resources[new.logical_id] = done

    def _refuse_custom_name(self, old: Resource, new: Resource) -> None:
        named_by = self._handler.row(new.type).named_by
        if named_by and (name := new.properties.get(named_by)) and name == old.properties.get(named_by):
            reason = (
                f"CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again."
            )
            self._stack.note(new, "UPDATE_FAILED", reason)
            raise ResourceFailedError(reason)

    def _outputs(self) -> dict[str, Output]:
        outputs = {}
        for name, body in self._change_set.template.outputs.items():
            if (condition := body.get("Condition")) and not self._evaluator.condition(condition):
                continue
            value = self._evaluator.resolve(body.get("Value"))
            if isinstance(value, dict | list):
                raise TemplateError(f"Template format error: Output {name} must be text, not {value}")
            export = self._evaluator.resolve((body.get("Export") or {}).get("Name") or "")
            outputs[name] = Output(name, str(value), str(body.get("Description") or ""), export)
        self._check_exports(outputs.values())
        return outputs

    def _clean_up(self, removed: list[Resource]) -> None:
        """Delete what the update left behind; a failure here no longer fails the update."""
        leftovers = [(one, one.deletion_policy) for one in removed]
        for step in self._journal:
            moved = step.old is not None and step.old.physical_id != step.new.physical_id
            if step.old is not None and (step.action == "replace" or moved):
                leftovers.append((step.old, step.old.update_replace_policy))
        policies = {id(one): policy for one, policy in leftovers}
        for one in deletion_order([one for one, _ in leftovers]):
            self._handler.delete(one, policies[id(one)])
            if self._stack.resources.get(one.logical_id) is one:
                self._forget(one)

    def _fail(self, error: Exception) -> None:
        stack = self._stack
        reason = str(error)
        if self._at is not None and isinstance(error, ResourceFailedError):
            verb, name = self._at
            reason = f"The following resource(s) failed to {verb}: [{name}]. {reason}"
        if stack.disable_rollback:
            if self._verb == "CREATE":
                with stack.lock:
                    stack.template, stack.parameters = self._change_set.template, self._change_set.parameters
            stack.become(f"{self._verb}_FAILED", reason)
        elif self._verb == "CREATE":
            self._undo_creation(reason)
        else:
            self._undo_update(reason)

    def _undo_creation(self, reason: str) -> None:
        stack = self._stack
        with stack.lock:
            stack.template, stack.parameters = self._change_set.template, self._change_set.parameters
        stack.become("ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
        left = self._delete_all(stack.resources.values(), creation_failed=True)
        stack.become(
            "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE",
            f"The following resource(s) failed to delete: [{', '.join(left)}]." if left else reason,
        )

    def _undo_update(self, reason: str) -> None:
        stack = self._stack
        stack.become("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        obsolete: list[Resource] = []
        for step in reversed(self._journal):
            if step.action == "update" and step.old is not None:
                try:
                    self._restore(step.old, step.new, obsolete)
                except ResourceFailedError as error:
                    stack.become(
                        "UPDATE_ROLLBACK_FAILED", f"{step.new.logical_id} could not be restored: {error}"
                    )
                    return
            elif step.old is not None:
                with stack.lock:
                    stack.resources[step.old.logical_id] = step.old
                obsolete.append(step.new)
            else:
                self._forget(step.new)
                obsolete.append(step.new)
        stack.become("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        for one in deletion_order(obsolete):
            self._handler.delete(one)
        stack.become("UPDATE_ROLLBACK_COMPLETE", reason)

    def _restore(self, old: Resource, new: Resource, obsolete: list[Resource]) -> None:
        back = Resource(
            logical_id=old.logical_id,
            type=old.type,
            physical_id="",
            properties=old.properties,
            attributes={},
            dependencies=old.dependencies,
            deletion_policy=old.deletion_policy,
            update_replace_policy=old.update_replace_policy,
        )
        restored = self._handler.update(new, back)
        if new.physical_id != restored.physical_id:
            obsolete.append(new)
        with self._stack.lock:
            self._stack.resources[old.logical_id] = restored

    def _delete_all(self, resources: Iterable[Resource], *, creation_failed: bool = False) -> list[str]:
        return delete_all(self._stack, self._handler, list(resources), creation_failed=creation_failed)

    def _forget(self, resource: Resource) -> None:
        with self._stack.lock:
            self._stack.resources.pop(resource.logical_id, None)
