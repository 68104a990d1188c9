"""Two pipelines in one stack: each team has its own bucket, defaults, queue of failures and alarm.

The service's quota of five tasks is the account's, so the teams share it: three for one, two for the other.

    cd examples/two_teams && cdk deploy
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from vmie_constructs import VmImportExport


class TwoTeams(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        windows = VmImportExport(
            self, "Windows", max_concurrent_tasks=3, license_type="BYOL", image_tags={"team": "windows"}
        )
        appliances = VmImportExport(
            self, "Appliances", max_concurrent_tasks=2, boot_mode="uefi", image_tags={"team": "appliances"}
        )
        self.watch("Windows", windows)
        self.watch("Appliances", appliances)

    def watch(self, team: str, vmie: VmImportExport) -> None:
        workflow = vmie.import_workflow
        failures = sqs.Queue(self, f"{team}Failures", enforce_ssl=True)
        workflow.on_failed("TellTeam", target=targets.SqsQueue(failures))
        cloudwatch.Alarm(
            self,
            f"{team}Lost",
            alarm_description="S3 events that the pipeline could not take in",
            metric=workflow.dead_letter_queue.metric_approximate_number_of_messages_visible(),
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        cdk.CfnOutput(self, f"{team}BucketName", value=vmie.import_bucket.bucket_name)
        cdk.CfnOutput(self, f"{team}FailuresUrl", value=failures.queue_url)


app = cdk.App()
TwoTeams(app, "TwoTeams")
app.synth()
