"""The role whose sessions sign the URLs by which conversion tasks read disk images."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .allowed import Allowed
from .bucket_grants import grant_objects, grant_read_objects
from .import_bucket import SCRATCH
from .runtime_environment import Variable
from .runtime_function import RuntimeFunction


class UrlSigningRole(Construct):
    """What EC2 may do by the URLs of an import manifest: read disks and manifests, delete scratch objects.

    A presigned URL ends with the session of whoever signed it, and a Lambda function is not told when its own
    ends. A session that it asks for lasts as long as it asks.

    Args:
        scope: The parent.
        construct_id: The id within it.
        bucket: The import bucket.
        allowed: The source buckets that disks may lie in as well.
        signer: The function that signs; the role trusts its role and nobody else.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket,
        allowed: Allowed,
        signer: RuntimeFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ArnPrincipal(signer.role.role_arn),
            description="Signs the URLs by which EC2 reads disk images",
        )
        grant_read_objects(bucket, self._role)
        for source in allowed.allowed_source_buckets:
            grant_read_objects(source, self._role)
        grant_objects(bucket, self._role, ["s3:DeleteObject"], SCRATCH)
        signer.allow(["sts:AssumeRole"], [self._role.role_arn])
        signer.set_environment(Variable.URL_SIGNING_ROLE, self._role.role_arn)

    @property
    def role(self) -> iam.IRole:
        """The role."""
        return self._role
