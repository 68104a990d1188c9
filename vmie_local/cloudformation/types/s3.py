"""S3 buckets and their policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmie_local.cloudformation.api_arguments import truth
from vmie_local.cloudformation.errors import UnsupportedError
from vmie_local.cloudformation.resource_type import Created, Request, ResourceType
from vmie_local.cloudformation.types import tags
from vmie_local.cloudformation.types.s3_lifecycle import lifecycle_rule

# CloudFormation's PascalCase canned ACLs are the API's kebab-case ones.
_CANNED_ACLS = {
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
    "AuthenticatedRead": "authenticated-read",
    "LogDeliveryWrite": "log-delivery-write",
    "BucketOwnerRead": "bucket-owner-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "AwsExecRead": "aws-exec-read",
}


def _create(request: Request) -> Created:
    bucket = request.properties.get("BucketName") or request.generated_name(63, lower=True)
    location = None if request.region == "us-east-1" else {"LocationConstraint": request.region}
    request.api(
        "s3",
        "CreateBucket",
        Bucket=bucket,
        CreateBucketConfiguration=location,
        ObjectOwnership=_ownership(request.properties.get("OwnershipControls")),
        ObjectLockEnabledForBucket=request.properties.get("ObjectLockEnabled"),
    )
    request.made(bucket)
    for name, apply in _SETTINGS.items():
        if name in request.properties:
            apply(request, bucket, request.properties[name])
    return _described(request, bucket)


def _update(request: Request) -> Created:
    bucket = request.physical_id
    for name, apply in _SETTINGS.items():
        if not request.changed(name):
            continue
        if name in request.properties:
            apply(request, bucket, request.properties[name])
        else:
            _RESETS[name](request, bucket)
    return _described(request, bucket)


def _delete(request: Request) -> None:
    request.tolerant(("NoSuchBucket",), "s3", "DeleteBucket", Bucket=request.physical_id)


def _described(request: Request, bucket: str) -> Created:
    suffix = "amazonaws.com.cn" if request.partition == "aws-cn" else "amazonaws.com"
    return Created(
        bucket,
        {
            "Arn": request.arn("s3", bucket, region="", account=""),
            "DomainName": f"{bucket}.s3.{suffix}",
            "RegionalDomainName": f"{bucket}.s3.{request.region}.{suffix}",
            "DualStackDomainName": f"{bucket}.s3.dualstack.{request.region}.{suffix}",
        },
    )


def _ownership(controls: Any) -> str | None:
    return str(controls["Rules"][0]["ObjectOwnership"]) if controls else None


def _access_control(request: Request, bucket: str, value: Any) -> None:
    if value not in _CANNED_ACLS:
        raise UnsupportedError(f"AccessControl {value} is none of {', '.join(_CANNED_ACLS)}")
    request.api("s3", "PutBucketAcl", Bucket=bucket, ACL=_CANNED_ACLS[value])


def _encryption(request: Request, bucket: str, value: Any) -> None:
    rules = [
        {
            ("ApplyServerSideEncryptionByDefault" if name == "ServerSideEncryptionByDefault" else name): one
            for name, one in rule.items()
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    request.api(
        "s3", "PutBucketEncryption", Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules}
    )


def _public_access_block(request: Request, bucket: str, value: Any) -> None:
    request.api("s3", "PutPublicAccessBlock", Bucket=bucket, PublicAccessBlockConfiguration=value)


def _versioning(request: Request, bucket: str, value: Any) -> None:
    request.api("s3", "PutBucketVersioning", Bucket=bucket, VersioningConfiguration=value)


def _lifecycle(request: Request, bucket: str, value: Any) -> None:
    rules = [lifecycle_rule(rule) for rule in value["Rules"]]
    request.api(
        "s3", "PutBucketLifecycleConfiguration", Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )


def _notifications(request: Request, bucket: str, value: Any) -> None:
    configuration: dict[str, Any] = {}
    for name, one in value.items():
        if name == "EventBridgeConfiguration":
            if truth(one.get("EventBridgeEnabled", True)):
                configuration[name] = {}
        elif name in ("QueueConfigurations", "TopicConfigurations", "LambdaConfigurations"):
            api_name = "LambdaFunctionConfigurations" if name == "LambdaConfigurations" else name
            configuration[api_name] = [_notification(entry) for entry in one]
        else:
            raise UnsupportedError(f"Encountered unsupported property NotificationConfiguration.{name}")
    request.api(
        "s3", "PutBucketNotificationConfiguration", Bucket=bucket, NotificationConfiguration=configuration
    )


def _notification(entry: dict[str, Any]) -> dict[str, Any]:
    names = {"Event": "Events", "Queue": "QueueArn", "Topic": "TopicArn", "Function": "LambdaFunctionArn"}
    renamed = {names.get(name, name): value for name, value in entry.items()}
    renamed["Events"] = [renamed["Events"]]
    if key := renamed.get("Filter"):
        renamed["Filter"] = {"Key": {"FilterRules": key["S3Key"]["Rules"]}}
    return renamed


def _ownership_controls(request: Request, bucket: str, value: Any) -> None:
    request.api("s3", "PutBucketOwnershipControls", Bucket=bucket, OwnershipControls=value)


def _logging(request: Request, bucket: str, value: Any) -> None:
    names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
    enabled = {names.get(name, name): one for name, one in value.items()}
    # Without a destination a bucket logs to itself; the API wants both spelt out.
    enabled = {"TargetBucket": bucket, "TargetPrefix": "", **enabled}
    request.api("s3", "PutBucketLogging", Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": enabled})


def _cors(request: Request, bucket: str, value: Any) -> None:
    names = {"MaxAge": "MaxAgeSeconds", "Id": "ID", "ExposedHeaders": "ExposeHeaders"}
    rules = [{names.get(name, name): one for name, one in rule.items()} for rule in value["CorsRules"]]
    request.api("s3", "PutBucketCors", Bucket=bucket, CORSConfiguration={"CORSRules": rules})


def _tags(request: Request, bucket: str, value: Any) -> None:
    request.api("s3", "PutBucketTagging", Bucket=bucket, Tagging={"TagSet": tags.as_list(value)})


def _reset(operation: str) -> Callable[[Request, str], None]:
    return lambda request, bucket: request.api("s3", operation, Bucket=bucket)


# In an order that works: an ACL needs its ownership, a log target its ACL.
_SETTINGS: dict[str, Callable[[Request, str, Any], None]] = {
    "OwnershipControls": _ownership_controls,
    "PublicAccessBlockConfiguration": _public_access_block,
    "AccessControl": _access_control,
    "VersioningConfiguration": _versioning,
    "BucketEncryption": _encryption,
    "LifecycleConfiguration": _lifecycle,
    "NotificationConfiguration": _notifications,
    "LoggingConfiguration": _logging,
    "CorsConfiguration": _cors,
    "Tags": _tags,
}
_RESETS: dict[str, Callable[[Request, str], None]] = {
    "OwnershipControls": _reset("DeleteBucketOwnershipControls"),
    "PublicAccessBlockConfiguration": _reset("DeletePublicAccessBlock"),
    "AccessControl": lambda request, bucket: _access_control(request, bucket, "Private"),
    "VersioningConfiguration": lambda request, bucket: _versioning(request, bucket, {"Status": "Suspended"}),
    "BucketEncryption": _reset("DeleteBucketEncryption"),
    "LifecycleConfiguration": _reset("DeleteBucketLifecycle"),
    "NotificationConfiguration": lambda request, bucket: _notifications(request, bucket, {}),
    "LoggingConfiguration": lambda request, bucket: request.api(
        "s3", "PutBucketLogging", Bucket=bucket, BucketLoggingStatus={}
    ),
    "CorsConfiguration": _reset("DeleteBucketCors"),
    "Tags": _reset("DeleteBucketTagging"),
}


def _put_policy(request: Request) -> Created:
    bucket = request.properties["Bucket"]
    request.api("s3", "PutBucketPolicy", Bucket=bucket, Policy=request.properties["PolicyDocument"])
    return Created(bucket)


def _delete_policy(request: Request) -> None:
    request.tolerant(("NoSuchBucket",), "s3", "DeleteBucketPolicy", Bucket=request.physical_id)


TYPES = (
    ResourceType(
        name="AWS::S3::Bucket",
        honours=frozenset({"BucketName", "ObjectLockEnabled", *_SETTINGS}),
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=frozenset({"BucketName", "ObjectLockEnabled"}),
        named_by="BucketName",
    ),
    # Stored, shown by GetBucketPolicy and not evaluated: the banner says so.
    ResourceType(
        name="AWS::S3::BucketPolicy",
        honours=frozenset({"Bucket", "PolicyDocument"}),
        create=_put_policy,
        update=_put_policy,
        delete=_delete_policy,
        replaced_by=frozenset({"Bucket"}),
    ),
)
