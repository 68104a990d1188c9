"""Only the service role, for tools that call VM Import/Export themselves: Packer, osbuild, the AWS CLI.

They take it as `role_name`, `--role-name`, and so on; no role named `vmimport` is needed.

    cd examples/packer_role && cdk deploy
"""

import aws_cdk as cdk
from constructs import Construct

from vmie_constructs import ImportBucket, VmImportRole


class PackerRole(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        images = ImportBucket(self, "Images").bucket
        service = VmImportRole(self, "Service")
        service.grant_import_from(images)
        cdk.CfnOutput(self, "BucketName", value=images.bucket_name)
        cdk.CfnOutput(self, "RoleName", value=service.role.role_name)


app = cdk.App()
PackerRole(app, "PackerRole")
app.synth()
