"""The requests table: what the pipeline remembers."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

OPEN_INDEX = "open"
SOURCE_INDEX = "source"
# What DynamoDB asks of those who read and write a table with their own key, its wildcards written out.
# Source: Amazon DynamoDB Developer Guide, "Usage notes on encryption at rest".
_KEY = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


class RequestsTable(Construct):
    """One item per request, the leases of running tasks and the newest event of each key.

    On demand, with point-in-time recovery; ended requests expire.

    Args:
        scope: The parent.
        construct_id: The id within it.
        encryption_key: Default: a key that DynamoDB owns.
        removal_policy: Default: the table goes with the stack; the results stay in the bucket.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        super().__init__(scope, construct_id)
        self._encryption_key = encryption_key
        self._table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=_text("Id"),
            billing=dynamodb.Billing.on_demand(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="ExpiresAt",
            removal_policy=removal_policy,
            global_secondary_indexes=[
                # What is found is read from the table itself: an index lags behind.
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name=OPEN_INDEX,
                    partition_key=_text("OpenState"),
                    sort_key=_text("QueuedAt"),
                    projection_type=dynamodb.ProjectionType.KEYS_ONLY,
                ),
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name=SOURCE_INDEX,
                    partition_key=_text("SourceAddress"),
                    sort_key=_text("Sequencer"),
                    projection_type=dynamodb.ProjectionType.INCLUDE,
                    non_key_attributes=["Status", "OpenState", "VersionId", "Fleet"],
                ),
            ],
        )

        if encryption_key is not None:
            self._encrypt(encryption_key)

    def _encrypt(self, key: kms.IKey) -> None:
        # The CDK's `encryption` refuses an environment-agnostic stack, for the sake of replicas in other
        # Regions.
        resource = self._table.node.default_child
        assert isinstance(resource, dynamodb.CfnGlobalTable)  # noqa: S101
        resource.add_property_override("SSESpecification", {"SSEEnabled": True, "SSEType": "KMS"})
        resource.add_property_override("Replicas.0.SSESpecification", {"KMSMasterKeyId": key.key_arn})

    @property
    def table(self) -> dynamodb.ITableV2:
        """The table."""
        return self._table

    @property
    def table_name(self) -> str:
        """The table's name, and the value of the tag `vmie:workflow` on all that the pipeline makes."""
        return self._table.table_name

    def grant_items(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant actions on single items, such as `dynamodb:GetItem`."""
        return self._grant(grantee, actions, self._table.table_arn)

    def grant_query(self, grantee: iam.IGrantable, index: str) -> iam.Grant:
        """Grant `dynamodb:Query` on one index and nothing else."""
        return self._grant(grantee, ("dynamodb:Query",), f"{self._table.table_arn}/index/{index}")

    def _grant(self, grantee: iam.IGrantable, actions: tuple[str, ...], arn: str) -> iam.Grant:
        grant = iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[arn])
        if self._encryption_key is None:
            return grant
        return grant.combine(self._encryption_key.grant(grantee, *_KEY))


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
