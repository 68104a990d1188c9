"""A small app that uses what the local CloudFormation has to get right.

Context: `generation` (1) changes code, definition, parameter and table; `fail` breaks a deployment:
`custom` lets the custom resource refuse, `property` uses a property that the table does not have.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

app = cdk.App()
generation = str(app.node.try_get_context("generation") or "1")
fail = app.node.try_get_context("fail")
stack = cdk.Stack(app, "Inventory", description=f"Generation {generation}")
cdk.Tags.of(stack).add("team", "images")

key = kms.Key(stack, "Key", enable_key_rotation=True, removal_policy=cdk.RemovalPolicy.DESTROY)
bucket = s3.Bucket(
    stack,
    "Bucket",
    versioned=True,
    enforce_ssl=True,
    encryption=s3.BucketEncryption.KMS,
    encryption_key=key,
    block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
    lifecycle_rules=[
        s3.LifecycleRule(
            abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
            noncurrent_version_expiration=cdk.Duration.days(7),
            prefix="images/",
        )
    ],
    removal_policy=cdk.RemovalPolicy.DESTROY,
)
kept = s3.Bucket(stack, "Kept", removal_policy=cdk.RemovalPolicy.RETAIN)
table = dynamodb.TableV2(
    stack,
    "Table",
    partition_key=dynamodb.Attribute(name="Id", type=dynamodb.AttributeType.STRING),
    time_to_live_attribute="ExpiresAt",
    point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
        point_in_time_recovery_enabled=True
    ),
    global_secondary_indexes=[
        dynamodb.GlobalSecondaryIndexPropsV2(
            index_name="open",
            partition_key=dynamodb.Attribute(name="OpenState", type=dynamodb.AttributeType.STRING),
        )
    ]
    if generation != "1"
    else None,
    removal_policy=cdk.RemovalPolicy.DESTROY,
)
failures = sqs.Queue(stack, "Failures", enforce_ssl=True)
queue = sqs.Queue(
    stack,
    "Queue",
    enforce_ssl=True,
    visibility_timeout=cdk.Duration.seconds(60),
    dead_letter_queue=sqs.DeadLetterQueue(queue=failures, max_receive_count=2),
)
topic = sns.Topic(stack, "Topic")
topic.add_subscription(subscriptions.SqsSubscription(queue, raw_message_delivery=True))
parameter = ssm.StringParameter(stack, "Parameter", string_value=f"generation {generation}")

code = lambda_.Code.from_asset(str(Path(__file__).parent / "functions"))


def function(name: str, handler: str, **options) -> lambda_.Function:
    return lambda_.Function(
        stack,
        name,
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        handler=handler,
        code=code,
        timeout=cdk.Duration.seconds(30),
        environment={"GENERATION": generation, "TABLE": table.table_name},
        log_group=logs.LogGroup(stack, f"{name}Logs", removal_policy=cdk.RemovalPolicy.DESTROY),
        **options,
    )


worker = function(
    "Worker",
    "worker.handler",
    tracing=lambda_.Tracing.ACTIVE,
    retry_attempts=1,
    on_failure=destinations.SqsDestination(failures),
)
table.grant_read_write_data(worker)
worker.add_event_source(sources.SqsEventSource(queue, batch_size=5, report_batch_item_failures=True))
live = lambda_.Alias(stack, "Live", alias_name="live", version=worker.current_version)
machine = sfn.StateMachine(
    stack,
    "Machine",
    definition_body=sfn.DefinitionBody.from_chainable(
        tasks.LambdaInvoke.jsonata(
            stack, "Work", lambda_function=live, outputs="{% $states.result.Payload %}"
        ).next(sfn.Pass.jsonata(stack, "Say generation", outputs={"generation": generation}))
    ),
)
events.Rule(
    stack,
    "Rule",
    event_pattern=events.EventPattern(source=["inventory"], detail_type=["Counted"]),
    targets=[targets.SfnStateMachine(machine)],
)
cloudwatch.Alarm(
    stack,
    "Alarm",
    metric=failures.metric_approximate_number_of_messages_visible(),
    threshold=1,
    evaluation_periods=1,
)
provider = function("Provider", "provider.handler")
bucket.grant_put(provider)
marker = cdk.CustomResource(
    stack,
    "Marker",
    service_token=provider.function_arn,
    resource_type="Custom::Marker",
    properties={
        "Bucket": bucket.bucket_name,
        "Number": 7,
        "Generation": generation,
        "Fail": fail == "custom",
    },
)
marker.node.add_dependency(provider, bucket)
bucket.grant_delete(provider)
provider.add_to_role_policy(
    iam.PolicyStatement(actions=["s3:DeleteObjectVersion", "s3:ListBucketVersions"], resources=["*"])
)
if fail == "property":
    queue.node.default_child.add_property_override("Colour", "blue")

for name, value in {
    "BucketName": bucket.bucket_name,
    "KeptName": kept.bucket_name,
    "TableName": table.table_name,
    "QueueUrl": queue.queue_url,
    "TopicArn": topic.topic_arn,
    "ParameterName": parameter.parameter_name,
    "WorkerName": worker.function_name,
    "LiveArn": live.function_arn,
    "MachineArn": machine.state_machine_arn,
    "MarkerKey": marker.get_att_string("Key"),
    "MarkerNumber": marker.get_att_string("Number"),
}.items():
    cdk.CfnOutput(stack, name, value=value)
app.synth()
