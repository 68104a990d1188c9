"""One key of yours for everything: images, the pipeline's table, queues, topic and logs, and the AMIs.

The bucket exists already and belongs to another stack, as it often does.

    cd examples/encrypted && cdk deploy --all
"""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from vmie_constructs import ImportBucket, VmImportExport


class Storage(cdk.Stack):
    """What outlives the pipeline."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self, "Key", enable_key_rotation=True, description="Disk images and what they become"
        )
        self.bucket: s3.IBucket = ImportBucket(self, "Images", encryption_key=self.key).bucket
        cdk.CfnOutput(self, "BucketName", value=self.bucket.bucket_name)


class Pipeline(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, storage: Storage) -> None:
        super().__init__(scope, construct_id)
        vmie = VmImportExport(
            self,
            "Vmie",
            import_bucket=storage.bucket,
            encryption_key=storage.key,
            image_encryption_key=storage.key,
        )
        cdk.CfnOutput(self, "RequestsTableName", value=vmie.import_workflow.requests_table.table_name)


app = cdk.App()
Pipeline(app, "EncryptedPipeline", Storage(app, "EncryptedStorage"))
app.synth()
