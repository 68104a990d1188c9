"""The main job: a dropped image becomes an AMI, and everybody who listens learns of it."""

import pytest

from tests.local.pipeline.harness import Pipeline, eventually


def test_a_dropped_image_becomes_a_tagged_ami_with_a_result(pipeline: Pipeline):
    version = pipeline.upload("images/web-1.vmdk", Tagging="team=web")

    result = pipeline.ended("images/web-1.vmdk")

    assert result["Status"] == "Succeeded", result
    assert pipeline.document(f"results/by-id/{result['RequestId']}.json") == result
    image = pipeline.ec2.describe_images(ImageIds=[result["ImageId"]])["Images"][0]
    tags = {tag["Key"]: tag["Value"] for tag in image["Tags"]}
    assert tags["vmie:request-id"] == result["RequestId"]
    assert tags["Name"] == "web-1.vmdk"
    assert image["State"] == "available"
    for snapshot_id in result["SnapshotIds"]:
        snapshot = pipeline.ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]
        assert {"Key": "vmie:request-id", "Value": result["RequestId"]} in snapshot["Tags"]
    assert result["Source"]["VersionId"] == version
    assert result["Images"] == {pipeline.cloud.settings.region: result["ImageId"]}
    source_tags = pipeline.s3.get_object_tagging(Bucket=pipeline.bucket, Key="images/web-1.vmdk")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in source_tags} == {
        "team": "web",
        "vmie:request-id": result["RequestId"],
    }
    assert pipeline.execution(result)["status"] == "SUCCEEDED"


def test_events_and_the_topic_follow_the_import_to_its_end(pipeline: Pipeline):
    sqs, sns = pipeline.cloud.client("sqs"), pipeline.cloud.client("sns")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(
        TopicArn=pipeline.outputs["NotificationTopicArn"],
        Protocol="sqs",
        Endpoint=arn,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]

    with pipeline.listening() as events:
        pipeline.upload("images/followed.vmdk")
        result = pipeline.ended("images/followed.vmdk")
        eventually(
            lambda: any(event["detail-type"] == "VM Import Succeeded" for event in events()), "the last event"
        )
        kinds = [event["detail-type"] for event in events()]
        last = next(event for event in events() if event["detail-type"] == "VM Import Succeeded")

    assert {"VM Import Queued", "VM Import Started", "VM Import Progressed"} <= set(kinds)
    assert last["detail"]["ImageId"] == result["ImageId"]
    assert "Inspection" not in last["detail"]
    messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", [])
    assert len(messages) == 1
    assert result["RequestId"] in messages[0]["Body"]
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


AWKWARD_KEYS = [
    "images/with spaces and+plus.vmdk",
    "images/Büro/日本語 Server.vmdk",
    "images/UPPER.VMDK",
    "images/quote'\"<&>%41;=?.vmdk",
    "images/" + "k" * (1024 - len("images/.vmdk")) + ".vmdk",
]


@pytest.fixture
def awkward(pipeline: Pipeline):
    for key in AWKWARD_KEYS:
        pipeline.upload(key)


def test_awkward_keys_are_imported_under_their_own_name(pipeline: Pipeline, awkward: None):
    for key in AWKWARD_KEYS:
        request = pipeline.request_of(key)
        document = eventually(
            lambda request=request: _terminal(pipeline, request["Id"]), f"the end of {key[:60]!r}"
        )
        assert document["Status"] == "Succeeded", document
        assert document["Source"]["Key"] == key


def _terminal(pipeline: Pipeline, request_id: str):
    found = pipeline.document(f"results/by-id/{request_id}.json")
    return found if found and "EndedAt" in found else None


def test_folder_markers_and_results_start_nothing(pipeline: Pipeline):
    pipeline.upload("images/", b"")
    pipeline.upload("images/folder/", b"")
    pipeline.upload("results/images/x.vmdk", b"not mine")
    pipeline.upload("images/after-the-folders.vmdk")

    pipeline.ended("images/after-the-folders.vmdk")

    keys = {item.get("Key") for item in pipeline.requests()}
    assert not keys & {"images/", "images/folder/", "results/images/x.vmdk"}
