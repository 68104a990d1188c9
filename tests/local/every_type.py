"""One resource of every type in the table, twice: as it is made and as it is updated.

What differs between the two is changed in place on AWS.
"""

from __future__ import annotations

import json
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 5,
            },
            "action": {"type": "expire"},
        }
    ]
}
CODE = "import os\ndef handler(event, context):\n    return {generation}\n"


def policy(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}],
    }


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def tags(generation: int) -> list[dict[str, str]]:
    dropped = [{"Key": "first", "Value": "1"}] if generation == 1 else [{"Key": "second", "Value": "2"}]
    return [{"Key": "generation", "Value": str(generation)}, *dropped]


def resources(generation: int) -> dict[str, dict[str, Any]]:
    """Properties by type; a name after the type tells two resources of one type apart."""
    number, second = str(generation), generation == 2
    say = {"Type": "Pass", "Output": "${Word}", "End": True}
    machine = {"QueryLanguage": "JSONata", "StartAt": "Say", "States": {"Say": say}}
    return {
        "AWS::CDK::Metadata": {"Analytics": f"v2:{number}"},
        "Custom::S3AutoDeleteObjects": {"ServiceToken": arn("LambdaFunction"), "BucketName": ref("S3Bucket")},
        "AWS::CloudWatch::Alarm": {
            "MetricName": "M",
            "Namespace": "N",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Period": 60,
            "Statistic": "Sum",
            "Threshold": generation,
            "Dimensions": [{"Name": "Queue", "Value": {"Fn::GetAtt": ["SqsQueue", "QueueName"]}}],
            "AlarmActions": [ref("SnsTopic")],
            "Tags": tags(generation),
        },
        "AWS::CloudWatch::CompositeAlarm": {
            "AlarmRule": {"Fn::Sub": "ALARM(${CloudWatchAlarm})"},
            "AlarmDescription": number,
        },
        "AWS::CloudWatch::Dashboard": {"DashboardBody": '{"widgets": []}'},
        "AWS::DynamoDB::Table": {
            "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "Id", "AttributeType": "S"},
                *([{"AttributeName": "State", "AttributeType": "S"}] if second else []),
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "TimeToLiveSpecification": {"AttributeName": "ExpiresAt", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": second},
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "DeletionProtectionEnabled": "false",
            **({"SSESpecification": {"SSEEnabled": True, "KMSMasterKeyId": arn("KmsKey")}} if second else {}),
            "Tags": tags(generation),
            **(
                {
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": "state",
                            "KeySchema": [{"AttributeName": "State", "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "ALL"},
                        }
                    ]
                }
                if second
                else {}
            ),
        },
        "AWS::DynamoDB::GlobalTable": {
            "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "Replicas": [
                {
                    "Region": ref("AWS::Region"),
                    "SSESpecification": {"KMSMasterKeyId": arn("KmsKey")},
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": second},
                    "Tags": tags(generation),
                }
            ],
        },
        "AWS::ECR::Repository": {
            "ImageTagMutability": "IMMUTABLE" if second else "MUTABLE",
            "LifecyclePolicy": {"LifecyclePolicyText": json.dumps(LIFECYCLE)},
            "RepositoryPolicyText": policy("ecr:BatchGetImage", Principal="*"),
            "Tags": tags(generation),
        },
        "AWS::Events::Rule": {
            "EventPattern": {"source": ["every.type", number]},
            "EventBusName": ref("EventsEventBus"),
            "Targets": [{"Id": f"T{number}", "Arn": arn("SqsQueue")}, {"Id": "Same", "Arn": arn("SqsQueue")}],
        },
        "AWS::Events::EventBus": {"Name": "every-type"},
        "AWS::IAM::Role": {
            "AssumeRolePolicyDocument": TRUST,
            "Description": number,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"] if second else [],
            "Policies": [{"PolicyName": f"p{number}", "PolicyDocument": policy("s3:GetObject")}],
            "Tags": tags(generation),
        },
        "AWS::IAM::Policy": {
            "PolicyName": "every-type",
            "PolicyDocument": policy(f"sqs:Action{number}"),
            "Roles": [ref("IamRole")],
        },
        "AWS::IAM::ManagedPolicy": {
            "PolicyDocument": policy(f"sns:Action{number}"),
            "Roles": [ref("IamRole")] if second else [],
        },
        "AWS::KMS::Key": {
            "KeyPolicy": policy("kms:*", Principal={"AWS": "*"}),
            "Description": number,
            "EnableKeyRotation": True,
            "PendingWindowInDays": 7,
            "Tags": tags(generation),
        },
        "AWS::KMS::Alias": {"AliasName": "alias/every-type", "TargetKeyId": ref("KmsKey")},
        "AWS::Lambda::Function": {
            "Code": {"ZipFile": CODE.format(generation=number)},
            "Handler": "index.handler",
            "Runtime": "python3.14",
            "Architectures": ["arm64"],
            "Role": arn("IamRole"),
            "Timeout": 10 + generation,
            "MemorySize": "256",
            "Environment": {"Variables": {"GENERATION": generation}},
            "EphemeralStorage": {"Size": 1024 if second else 512},
            "DeadLetterConfig": {"TargetArn": arn("SqsQueue")},
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": ref("LogsLogGroup")},
            "TracingConfig": {"Mode": "Active"},
            "ReservedConcurrentExecutions": 2,
            "Tags": tags(generation),
        },
        "AWS::Lambda::Version": {"FunctionName": ref("LambdaFunction")},
        "AWS::Lambda::Alias": {
            "FunctionName": ref("LambdaFunction"),
            "Name": "live",
            "FunctionVersion": {"Fn::GetAtt": ["LambdaVersion", "Version"]},
            "Description": number,
        },
        "AWS::Lambda::Permission": {
            "FunctionName": ref("LambdaAlias"),
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": arn("EventsRule"),
        },
        "AWS::Lambda::EventSourceMapping": {
            "FunctionName": ref("LambdaAlias"),
            "EventSourceArn": arn("SqsQueue"),
            "BatchSize": generation,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": 2},
        },
        "AWS::Lambda::EventInvokeConfig": {
            "FunctionName": ref("LambdaFunction"),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": generation - 1,
            "DestinationConfig": {"OnFailure": {"Destination": arn("SqsQueue")}},
        },
        "AWS::Logs::LogGroup": {
            "RetentionInDays": 7 * generation,
            "Tags": tags(generation),
            **({"KmsKeyId": arn("KmsKey")} if second else {}),
        },
        "AWS::Logs::ResourcePolicy": {
            "PolicyName": "every-type",
            "PolicyDocument": f'{{"Version": "2012-10-17", "Statement": [], "Id": "{number}"}}',
        },
        "AWS::Logs::MetricFilter": {
            "LogGroupName": ref("LogsLogGroup"),
            "FilterPattern": f"ERROR{number}",
            "MetricTransformations": [{"MetricName": "M", "MetricNamespace": "N", "MetricValue": "1"}],
        },
        "AWS::S3::Bucket": bucket(generation),
        "AWS::S3::BucketPolicy": {
            "Bucket": ref("S3Bucket"),
            "PolicyDocument": policy(f"s3:Get{number}", resource=arn("S3Bucket"), Principal="*"),
        },
        "AWS::SNS::Topic": {
            "DisplayName": number,
            "KmsMasterKeyId": ref("KmsKey"),
            "Subscription": [{"Protocol": "email", "Endpoint": f"{number}@example.com"}],
            "Tags": tags(generation),
        },
        "AWS::SNS::TopicPolicy": {
            "Topics": [ref("SnsTopic")],
            "PolicyDocument": policy(
                "sns:Publish", resource=ref("SnsTopic"), Principal="*", Sid=f"S{number}"
            ),
        },
        "AWS::SNS::Subscription": {
            "TopicArn": ref("SnsTopic"),
            "Protocol": "sqs",
            "Endpoint": arn("SqsQueue"),
            "RawMessageDelivery": second,
            "FilterPolicy": {"kind": [number]},
        },
        "AWS::SQS::Queue": {
            "VisibilityTimeout": 60 + generation,
            "SqsManagedSseEnabled": True,
            "RedriveAllowPolicy": {"redrivePermission": "denyAll" if second else "allowAll"},
            "Tags": tags(generation),
        },
        "AWS::SQS::QueuePolicy": {
            "Queues": [ref("SqsQueue")],
            "PolicyDocument": policy(
                "sqs:SendMessage", resource=arn("SqsQueue"), Principal="*", Sid=f"S{number}"
            ),
        },
        "AWS::SSM::Parameter": {
            "Type": "String",
            "Value": number,
            "Description": "of every type",
            "Tags": {tag["Key"]: tag["Value"] for tag in tags(generation)},
        },
        "AWS::StepFunctions::StateMachine": {
            "Definition": machine,
            "DefinitionSubstitutions": {"Word": f"generation {number}"},
            "RoleArn": arn("IamRole"),
            "TracingConfiguration": {"Enabled": True},
            "LoggingConfiguration": {
                "Level": "ALL",
                "IncludeExecutionData": True,
                "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": arn("LogsLogGroup")}}],
            },
            "Tags": tags(generation),
        },
    }


def bucket(generation: int) -> dict[str, Any]:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn("KmsKey")}
    return {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
        "AccessControl": "LogDeliveryWrite",
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
            ]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": "true",
        },
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "Old",
                    "Status": "Enabled",
                    "ExpirationInDays": 10 * generation,
                    "Prefix": "old/",
                    "ObjectSizeGreaterThan": "5",
                    "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 5}],
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                },
                {
                    "Status": "Enabled",
                    "TagFilters": [{"Key": "a", "Value": "b"}],
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
                },
            ]
        },
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        "CorsConfiguration": {
            "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 3}]
        },
        "Tags": [*tags(generation), {"Key": "aws-cdk:auto-delete-objects", "Value": "true"}],
        # On itself: the ACL above lets the log delivery in.
        **({"LoggingConfiguration": {"LogFilePrefix": "logs/"}} if generation == 2 else {}),
    }


def template(generation: int) -> dict[str, Any]:
    made = {}
    for kind, properties in resources(generation).items():
        made[logical_id(kind)] = {"Type": kind, "Properties": properties}
    return {"Resources": made}


def logical_id(kind: str) -> str:
    """`AWS::S3::Bucket` is `S3Bucket`; acronyms of services are spelt like words, but for S3."""
    *_, service, name = kind.split("::")
    service = {"SQS": "Sqs", "SNS": "Sns", "SSM": "Ssm", "IAM": "Iam", "KMS": "Kms", "ECR": "Ecr"}.get(
        service, service
    )
    return service + name
