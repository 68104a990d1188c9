"""A custom resource that writes a marker into a bucket, and takes everything out of it in the end."""

import json
import urllib.request

import boto3


def handler(event, context):
    try:
        answer = {"Status": "SUCCESS", **act(event)}
    except Exception as error:  # noqa: BLE001 - CloudFormation waits for an answer
        answer = {"Status": "FAILED", "Reason": str(error), "PhysicalResourceId": "never-made"}
    answer |= {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    request = urllib.request.Request(
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=10).close()


def act(event):
    s3, properties = boto3.client("s3"), event["ResourceProperties"]
    bucket = properties["Bucket"]
    if event["RequestType"] == "Delete":
        if event["PhysicalResourceId"] != "never-made":
            empty(s3, bucket)
        return {"PhysicalResourceId": event["PhysicalResourceId"]}
    if properties["Fail"] == "true":
        raise RuntimeError("The marker refuses to be made")
    key = "marker.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(event["ResourceProperties"]).encode())
    return {"PhysicalResourceId": key, "Data": {"Key": key, "Number": properties["Number"]}}


def empty(s3, bucket):
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
