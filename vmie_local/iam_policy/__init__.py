"""The IAM policy language, evaluated. It knows no AWS API, no HTTP and no moto.

Two questions are answered here:

* `evaluate(documents, action, resource, context) -> Decision`: do these identity policies allow this action
  on this resource?
* `may_assume(trust_document, principal, context) -> Decision`: does this role's trust policy let that
  principal assume the role? `evaluate_resource_policy` is its like for key policies.

Documents are JSON texts, dictionaries, or `PolicyDocument` objects that `parse_policy` made; texts are
parsed once and remembered. A context is a mapping of condition keys (`aws:SourceAccount`, `sts:ExternalId`,
…; their case does not matter) to a value or a list of values. A context may be a mapping of any kind, so
that values that are costly to find out can be looked up when a policy asks for them.

    decision = evaluate([document], "s3:GetObject", "arn:aws:s3:::images/web.vmdk", {"s3:VersionId": "1"})
    if not decision.allowed:
        print(decision.outcome, decision.statement)

The rules come from the IAM user guide: the JSON policy element reference, the condition operators,
multivalued context keys, policy variables, and the policy evaluation logic.
"""

from vmie_local.iam_policy.conditions import Context
from vmie_local.iam_policy.document import (
    PolicyDocument,
    PolicyError,
    Statement,
    parse_policy,
    parse_resource_policy,
    parse_trust_policy,
)
from vmie_local.iam_policy.evaluation import (
    Decision,
    Outcome,
    evaluate,
    grants_action,
    grants_resource,
    relevant_keys,
)
from vmie_local.iam_policy.trust import evaluate_resource_policy, may_assume

__all__ = [
    "Context",
    "Decision",
    "Outcome",
    "PolicyDocument",
    "PolicyError",
    "Statement",
    "evaluate",
    "evaluate_resource_policy",
    "grants_action",
    "grants_resource",
    "may_assume",
    "parse_policy",
    "parse_resource_policy",
    "parse_trust_policy",
    "relevant_keys",
]
