"""Do policies allow an action on a resource?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vmie_local.iam_policy import conditions, patterns
from vmie_local.iam_policy.conditions import Context
from vmie_local.iam_policy.document import PolicyDocument, Statement, parse_policy
from vmie_local.iam_policy.patterns import NoValueError

Document = PolicyDocument | str | Mapping[str, Any]


class Outcome(StrEnum):
    """What policies say, in the words of the IAM policy simulator."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True)
class Decision:
    """An answer, and why.

    Attributes:
        outcome: What the policies say.
        statements: The statements that decided: those that deny, else those that allow.
        missing_context: The condition keys that were asked for and that the request does not have.
        by_account: Of a trust policy: whether only the account as a whole is trusted, so that the caller's
            own identity policies must allow the call as well.
    """

    outcome: Outcome
    statements: tuple[Statement, ...] = ()
    missing_context: frozenset[str] = field(default=frozenset())
    by_account: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the answer is yes."""
        return self.outcome is Outcome.ALLOWED

    @property
    def statement(self) -> Statement | None:
        """The first statement that decided; None for an implicit deny."""
        return self.statements[0] if self.statements else None


def evaluate(
    documents: Iterable[Document], action: str, resource: str, context: Mapping[str, Any] | None = None
) -> Decision:
    """Whether identity policies allow an action on a resource.

    An explicit deny in any statement wins; without any statement that allows, the answer is an implicit deny.

    Args:
        documents: The policies of one principal, all kinds of them together.
        action: The IAM action, such as `s3:GetObject`.
        resource: The ARN, or `*` for an action that names no resource.
        context: The condition keys of the request. Default: none.

    Raises:
        PolicyError: If a document is no policy.
    """
    known = Context({} if context is None else context)
    applying = [
        statement
        for document in documents
        for statement in _parsed(document).statements
        if covers_action(statement, action)
        and covers_resource(statement, resource, known)
        and conditions_hold(statement, known)
    ]
    return decide(applying, known)


def decide(applying: Iterable[Statement], context: Context) -> Decision:
    """The decision that follows from the statements that apply to a request."""
    applying = list(applying)
    missing = frozenset(context.missing)
    for effect, outcome in (("Deny", Outcome.EXPLICIT_DENY), ("Allow", Outcome.ALLOWED)):
        deciding = tuple(statement for statement in applying if statement.effect == effect)
        if deciding:
            return Decision(outcome, deciding, missing)
    return Decision(Outcome.IMPLICIT_DENY, (), missing)


def relevant_keys(documents: Iterable[Document], action: str, resource: str) -> frozenset[str]:
    """The condition keys of the statements that are about an action on a resource."""
    known = Context({})
    return frozenset(
        condition.key
        for document in documents
        for statement in _parsed(document).statements
        if covers_action(statement, action) and covers_resource(statement, resource, known)
        for condition in statement.conditions
    )


def covers_action(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action."""
    if statement.actions is not None:
        return any(patterns.matches_action(pattern, action) for pattern in statement.actions)
    return not any(patterns.matches_action(pattern, action) for pattern in statement.not_actions or ())


def conditions_hold(statement: Statement, context: Context) -> bool:
    """Whether every condition of a statement holds."""
    return all(
        conditions.holds(condition, context, variables=statement.variables)
        for condition in statement.conditions
    )


def grants_action(written: str, action: str) -> bool:
    """Whether an `Action` as a policy writes it covers an action."""
    return patterns.matches_action(written, action)


def grants_resource(written: str, resource: str) -> bool:
    """Whether a `Resource` as a policy writes it covers a resource, whatever its variables stand for."""
    return _matches_resource(patterns.any_variable(written), resource, None)


def covers_resource(statement: Statement, resource: str, context: Context) -> bool:
    """Whether a statement is about a resource."""
    lookup = context.single if statement.variables else None
    if statement.resources is not None:
        return any(_matches_resource(pattern, resource, lookup) for pattern in statement.resources)
    return not any(_matches_resource(pattern, resource, lookup) for pattern in statement.not_resources or ())


def _matches_resource(written: str, resource: str, lookup: patterns.Lookup | None) -> bool:
    if written == "*":
        return True
    try:
        pattern = patterns.as_pattern(written, lookup)
    except NoValueError:
        return False  # An element whose variable has no value matches no resource.
    return patterns.matches_arn(pattern, resource)


def _parsed(document: Document) -> PolicyDocument:
    return document if isinstance(document, PolicyDocument) else parse_policy(document)
