"""Every AMI of the account leaves it as a file, for an exit plan or a lab: exports, and no imports.

Each AMI that becomes available, such as those of an Image Builder pipeline, is exported as a VMDK. With
`-c goldenImage=ami-…` that AMI is exported again every week, as a raw disk. A queue hears of each file,
for whatever fetches them, and another one of what could not be exported; alarms watch for what got lost.

    cd examples/exported_images && cdk deploy
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from vmie_constructs import ExportBucket, ExportWorkflow, VmImportRole


class ExportedImages(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, golden_image: str | None) -> None:
        super().__init__(scope, construct_id)
        bucket = ExportBucket(self, "Exports").bucket
        workflow = ExportWorkflow(
            self,
            "Workflow",
            export_bucket=bucket,
            service_role=VmImportRole(self, "Service").role,
            allowed_images=["*"],
        )
        workflow.on_image_available("EveryImage", disk_image_format="VMDK")
        if golden_image is not None:
            workflow.on_schedule(
                "Weekly",
                schedule=events.Schedule.cron(week_day="SUN", hour="2", minute="0"),
                image_id=golden_image,
                disk_image_format="RAW",
            )
        files = sqs.Queue(self, "Files", enforce_ssl=True)
        workflow.on_succeeded("TellOfFile", target=targets.SqsQueue(files))
        failures = sqs.Queue(self, "Failures", enforce_ssl=True)
        workflow.on_failed("TellOfFailure", target=targets.SqsQueue(failures))
        for name, queue in {
            "LostStarts": workflow.start_dead_letter_queue,
            "LostRequests": workflow.dead_letter_queue,
        }.items():
            cloudwatch.Alarm(
                self,
                name,
                alarm_description="Events that started no export, or requests that could not be taken in",
                metric=queue.metric_approximate_number_of_messages_visible(),
                threshold=1,
                evaluation_periods=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
        cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)
        cdk.CfnOutput(self, "FilesUrl", value=files.queue_url)
        cdk.CfnOutput(self, "FailuresUrl", value=failures.queue_url)


app = cdk.App()
ExportedImages(app, "ExportedImages", app.node.try_get_context("goldenImage"))
app.synth()
