"""What is refused before anything is started."""

import json

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.world import SOON, World
from vmie_runtime.errors import RequestFailure
from vmie_runtime.made import Made
from vmie_runtime.request import Status
from vmie_runtime.steps.validate_request import handler

ONE_DISK = {"DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}]}


def code_of(error: pytest.ExceptionInfo[RequestFailure]) -> tuple[str, str]:
    """Code and status of what was raised."""
    document = json.loads(str(error.value))
    return document["Code"], document["Status"]


def test_a_good_request_hands_its_disk_on_and_tags_it(world: World, context):
    request = world.running()
    world.aws.s3.tags["images/web.vmdk"] = [{"Key": "team", "Value": "web"}]

    answer = handler(world.step(request), context)

    disk = {
        "Bucket": "uploads",
        "Key": "images/web.vmdk",
        "VersionId": "v1",
        "ETag": "e1",
        "Size": 4,
        "Format": "VMDK",
    }
    assert answer == {"Disks": [disk], "Region": "us-east-1"}
    found = world.find(request)
    assert found.disks == [disk]
    assert found.execution_arn == world.step(request)["ExecutionArn"]
    tags = {tag["Key"]: tag["Value"] for tag in world.aws.s3.tags["images/web.vmdk"]}
    assert tags == {"team": "web", "vmie:request-id": request.id}


def test_every_disk_of_a_request_file_is_looked_at_and_tagged(world: World, context, monkeypatch):
    containers = [
        {"Format": "raw", "UserBucket": {"S3Key": "disks/a.raw"}},
        {"SnapshotId": "snap-0123456789abcdef0"},
        {"Format": "RAW", "Url": "s3://uploads/disks/b.raw"},
    ]
    world.configure(monkeypatch, VMIE_ALLOWED=json.dumps({"Snapshots": ["*"]}))
    request = world.running("requests/web.json", document={"DiskContainers": containers})
    world.aws.s3.add("disks/b.raw", version="v7", etag="e7", body=b"other disk")

    answer = handler(world.step(request), context)

    assert [(disk["Key"], disk["ETag"], disk["Format"]) for disk in answer["Disks"]] == [
        ("disks/a.raw", "e1", "RAW"),
        ("disks/b.raw", "e7", "RAW"),
    ]
    assert set(world.aws.s3.tags) == {"disks/a.raw", "disks/b.raw"}


def test_a_disk_that_is_not_there_is_named(world: World, context):
    request = world.running("requests/web.json", document=ONE_DISK)
    del world.aws.s3.heads["disks/web.vmdk"]

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("SourceMissing", "Rejected")
    assert "disks/web.vmdk" in str(error.value)


def test_a_request_whose_disk_has_been_overwritten_since_it_was_dropped_is_done(world: World, context):
    """The request file was dropped, not the disk: what lies there when it begins is what is meant."""
    request = world.running("requests/web.json", document=ONE_DISK)
    world.aws.s3.add("disks/web.vmdk", version="v2", etag="e2")

    assert handler(world.step(request), context)["Disks"][0]["ETag"] == "e2"


def test_after_its_first_stage_a_request_keeps_the_disks_that_it_began_with(world: World, context):
    """It met the quota between two disks; what it has read must be the same when it ends."""
    containers = [{"Format": "raw", "UserBucket": {"S3Key": f"disks/{each}.raw"}} for each in "ab"]
    document = {"DiskContainers": containers, "Vmie": {"Method": "snapshot"}}
    made = Made(snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made)
    world.aws.s3.add("disks/a.raw", version="v2", etag="e2")

    handler(world.step(request), context)

    assert [disk["ETag"] for disk in world.find(request).disks] == ["e1", "e1"]


def test_what_the_owner_did_not_allow_is_rejected(world: World, context):
    elsewhere = {"DiskContainers": [{"Format": "raw", "UserBucket": {"S3Bucket": "foreign", "S3Key": "a"}}]}
    request = world.running("requests/web.json", document=elsewhere)
    world.aws.s3.add("a")

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("BucketNotAllowed", "Rejected")
    assert "foreign" in str(error.value)


@pytest.mark.parametrize(
    ("container", "path"),
    [
        ({"Url": "s3://foreign/a"}, "DiskContainers[0].Url"),
        (
            {"Url": "https://foreign.s3.us-east-1.amazonaws.com/a%23?X-Amz-Signature=5ecce7"},
            "DiskContainers[0].Url",
        ),
        ({"UserBucket": {"S3Bucket": "foreign", "S3Key": "a"}}, "DiskContainers[0].UserBucket.S3Bucket"),
    ],
)
def test_a_bucket_that_is_not_allowed_is_named_where_the_request_names_it(
    world: World, context, container, path
):
    request = world.running("requests/web.json", document={"DiskContainers": [container]})
    assert "5ecce7" not in json.dumps(world.find(request).parameters)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("BucketNotAllowed", "Rejected")
    raised = json.loads(str(error.value))
    assert raised["path"] == path
    assert raised["Message"].startswith(f"{path} names the bucket 'foreign'")


def test_what_is_allowed_in_another_bucket_is_not_tagged(world: World, context, monkeypatch):
    elsewhere = {"DiskContainers": [{"Format": "raw", "UserBucket": {"S3Bucket": "foreign", "S3Key": "a"}}]}
    world.configure(monkeypatch, VMIE_ALLOWED=json.dumps({"SourceBuckets": ["foreign"]}))
    request = world.running("requests/web.json", document=elsewhere)

    assert handler(world.step(request), context)["Disks"][0]["Bucket"] == "foreign"
    assert world.aws.s3.tags == {}


@pytest.mark.parametrize(("asked", "ends"), [("PT30M", "12:31:00"), ("PT1H", "13:01:00"), (None, "13:01:00")])
def test_a_request_may_end_sooner_than_the_owners_deadline(world: World, context, asked, ends):
    options = {"Deadline": asked} if asked else {}
    request = world.running(options=options)

    handler(world.step(request, now=SOON), context)

    assert world.find(request).deadline_at == f"2026-11-20T{ends}.000Z"


INSTANCE = {
    "Platform": "Windows",
    "DiskImages": [
        {"Image": {"Format": "RAW", "ImportManifestUrl": "s3:///disks/a.raw"}, "Volume": {"Size": 1}}
    ],
    "LaunchSpecification": {"Placement": {"AvailabilityZone": "us-east-1a"}},
}


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_dry_run_is_refused_a_deadline_that_the_urls_of_its_disks_do_not_last_for(
    world: World, context, monkeypatch, dry_run: bool
):
    world.configure(
        monkeypatch,
        VMIE_DEADLINE_SECONDS="7200",
        VMIE_ALLOWED=json.dumps({"AvailabilityZones": ["us-east-1a"]}),
    )
    document = {**INSTANCE, "DryRun": dry_run, "Vmie": {"Deadline": "PT90M"}}
    request = world.running("requests/vm.json", document=document)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("DeadlineBeyondUrls", "Rejected")


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_dry_run_is_refused_a_disk_that_no_manifest_can_be_made_of(
    world: World, context, monkeypatch, dry_run: bool
):
    world.configure(monkeypatch, VMIE_ALLOWED=json.dumps({"AvailabilityZones": ["us-east-1a"]}))
    (disk,) = INSTANCE["DiskImages"]
    other_size = {**disk, "Image": {**disk["Image"], "Bytes": 5}}
    document = {**INSTANCE, "DiskImages": [other_size], "DryRun": dry_run}
    request = world.running("requests/vm.json", document=document)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("DiskSizeMismatch", "Rejected")


@pytest.mark.parametrize(("owners", "refused"), [(4, False), (5, True)])
def test_tags_of_request_and_owner_that_pass_ec2s_limit_are_refused_before_the_import(
    world: World, context, monkeypatch, owners: int, refused: bool
):
    tags = {f"owner-{number}": "" for number in range(owners)}
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps({"Tags": tags}))
    asked = {f"request-{number}": "" for number in range(40)}
    request = world.running("requests/web.json", document={**ONE_DISK, "Vmie": {"Tags": asked}})

    if not refused:
        assert handler(world.step(request), context)["Disks"]
        return
    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("InvalidTag", "Rejected")
    assert "51 together; EC2 takes 50 on a resource. Leave 1 of the request's out" in str(error.value)


def test_a_request_may_not_take_longer_than_the_owners_deadline(world: World, context):
    request = world.running(options={"Deadline": "PT61M"})

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("DeadlineTooLong", "Rejected")
    assert "PT61M" in str(error.value)
    assert "3600" in str(error.value)


@pytest.mark.parametrize("options", [{"Name": "golden*1"}, {"RegisterImage": {"Name": "golden*1"}}])
def test_a_name_that_an_ami_of_the_account_has_is_rejected(world: World, context, options):
    request = world.running(options=options)
    world.aws.ec2.add_image("ami-1", Name="golden*1")

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("ImageNameTaken", "Rejected")
    assert "ami-1" in str(error.value)


def test_a_name_is_looked_for_literally(world: World, context, monkeypatch):
    """`*` and `?` stand for anything in EC2's filters."""
    asked = []
    monkeypatch.setattr(
        world.aws.ec2, "describe_images", lambda **arguments: asked.append(arguments) or {"Images": []}
    )

    handler(world.step(world.running(options={"Name": "a*b?c"})), context)

    (arguments,) = asked
    assert arguments["Filters"] == [{"Name": "name", "Values": ["a\\*b\\?c"]}]
    assert arguments["Owners"] == ["self"]


def test_names_that_cannot_be_looked_at_reject_nothing(world: World, context):
    request = world.running(options={"Name": "golden"})
    world.aws.ec2.refusals.add("DescribeImages", refusal("UnauthorizedOperation", "DescribeImages"))

    assert handler(world.step(request), context)["Disks"]


def test_a_name_that_an_earlier_stage_has_given_is_not_taken(world: World, context):
    """The image it asks about is its own."""
    made = Made(image_ids=("ami-1",))
    request = world.running(options={"Name": "golden"}, stage=1, made=made)
    world.aws.ec2.add_image("ami-1", Name="golden")

    assert handler(world.step(request), context)["Disks"]


def test_what_the_account_does_to_an_import_is_advice(world: World, context):
    request = world.running()
    world.aws.ec2.encrypts_by_default = True

    handler(world.step(request), context)

    assert [each["Code"] for each in world.find(request).advice] == ["EncryptedByDefault", "NotShareable"]


def test_an_inactive_sts_rejects_before_anything_is_started(world: World, context):
    request = world.running()
    world.aws.sts.refusals.add("GetCallerIdentity", refusal("RegionDisabledException", status=403))

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("StsInactive", "Rejected")


def test_the_owners_key_is_looked_at(world: World, context, monkeypatch):
    key = "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-0000-4000-8000-123456789012"
    defaults = json.dumps({"Encrypted": True, "KmsKeyId": key})
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=defaults)
    request = world.running()
    world.aws.kms.metadata["KeyState"] = "Disabled"

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("KeyNotEnabled", "Rejected")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_advice_on_a_keys_policy_names_the_role_in_the_stacks_partition(
    world: World, context, monkeypatch, partition: str
):
    context.invoked_function_arn = f"arn:{partition}:lambda:us-east-1:123456789012:function:f:7"
    key = f"arn:{partition}:kms:us-east-1:123456789012:key/0f1e2d3c-0000-4000-8000-123456789012"
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps({"Encrypted": True, "KmsKeyId": key}))
    monkeypatch.setattr(world.aws.kms, "get_key_policy", lambda **_: {"Policy": '{"Statement": []}'})
    request = world.running()

    handler(world.step(request), context)

    remedies = {each["Code"]: each["Remedy"] for each in world.find(request).advice}
    assert f'"arn:{partition}:iam::123456789012:role/' in remedies["KeyPolicyLacks"]


def test_a_keys_policy_is_held_against_the_role_that_starts_tasks_too(world: World, context, monkeypatch):
    key = "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-0000-4000-8000-123456789012"
    starter = "arn:aws:iam::123456789012:role/start-task"
    world.configure(
        monkeypatch,
        VMIE_IMPORT_DEFAULTS=json.dumps({"Encrypted": True, "KmsKeyId": key}),
        VMIE_STARTING_ROLE=starter,
    )
    monkeypatch.setattr(world.aws.kms, "get_key_policy", lambda **_: {"Policy": '{"Statement": []}'})
    request = world.running()

    handler(world.step(request), context)

    assert [each["Code"] for each in world.find(request).advice] == ["KeyPolicyLacks", "KeyPolicyLacks"]
    assert starter in world.find(request).advice[1]["Message"]


def test_what_the_owner_encrypts_no_request_leaves_plain(world: World, context, monkeypatch):
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps({"Encrypted": True}))
    request = world.running("requests/web.json", document={**ONE_DISK, "Encrypted": False})

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("EncryptionRequired", "Rejected")


@pytest.mark.parametrize("seconds_late", ["2026-11-18T12:00:00.000Z", "2026-11-20T12:00:00.000Z"])
def test_the_deadline_counts_from_the_start_of_the_execution(world: World, context, seconds_late: str):
    """An event that lay in the queue for days admits with its own time, which is long past."""
    request = world.running(started_at=seconds_late, deadline_at=seconds_late)

    handler(world.step(request, now=SOON), context)

    found = world.find(request)
    assert (found.started_at, found.deadline_at) == (SOON, "2026-11-20T13:01:00.000Z")


def test_the_deadline_of_a_task_that_runs_stays(world: World, context):
    request = world.importing()

    handler(world.step(request, now=SOON), context)

    assert world.find(request).deadline_at == "2026-11-20T13:00:00.000Z"


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDenied", "GetObjectTagging", status=403),
        EndpointConnectionError(endpoint_url="https://s3"),
    ],
)
def test_a_source_that_cannot_be_tagged_is_imported_all_the_same(world: World, context, error):
    request = world.running()
    world.aws.s3.refusals.add("GetObjectTagging", error)

    assert handler(world.step(request), context)["Disks"][0]["Format"] == "VMDK"


def test_a_request_whose_key_has_a_newer_object_is_not_begun(world: World, context):
    """Where the bucket keeps no versions, the newer object may have the same ETag."""
    request = world.running(superseded=True)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == ("SourceChanged", "Failed")


@pytest.mark.parametrize(
    ("now", "code"),
    [
        ({"version": "v2"}, ("SourceChanged", "Failed")),
        ({"etag": "e2"}, ("SourceChanged", "Failed")),
        (None, ("SourceDeleted", "Cancelled")),
    ],
)
def test_another_object_under_the_key_is_not_imported(world: World, context, now, code):
    request = world.running()
    world.aws.s3.heads.clear()
    if now is not None:
        world.aws.s3.add("images/web.vmdk", **now)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == code


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"StorageClass": "DEEP_ARCHIVE"}, "ArchivedObject"),
        ({"StorageClass": "INTELLIGENT_TIERING", "ArchiveStatus": "ARCHIVE_ACCESS"}, "ArchivedObject"),
        ({"StorageClass": "GLACIER", "Restore": 'ongoing-request="true"'}, "ArchivedObject"),
        ({"ContentLength": 0}, "EmptyObject"),
    ],
)
def test_what_the_service_cannot_read_is_rejected(world: World, context, head, code):
    request = world.running()
    world.aws.s3.heads["images/web.vmdk"].update(head)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == (code, "Rejected")


HEAD_WITHOUT_A_REASON = refusal("400", "HeadObject", status=400)
NEEDS_KEY = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided "
    "to retrieve the object."
)


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        (
            refusal("InvalidRequest", "GetObject", message=NEEDS_KEY),
            "CustomerProvidedKey",
            "customer-provided key (SSE-C)",
        ),
        (refusal("ExpiredToken", "GetObject"), "SourceUnreadable", "(ExpiredToken, HTTP 400)"),
        (None, "SourceUnreadable", "(400, HTTP 400)"),
    ],
)
def test_why_an_object_cannot_be_looked_at_is_asked_where_s3_does_not_say(
    world: World, context, told, code, words
):
    request = world.running()
    world.aws.s3.refusals.add("HeadObject", HEAD_WITHOUT_A_REASON)
    if told is not None:
        world.aws.s3.refusals.add("GetObject", told)

    with pytest.raises(RequestFailure) as error:
        handler(world.step(request), context)

    assert code_of(error) == (code, "Rejected")
    assert words in str(error.value)


def test_a_restored_archive_is_imported(world: World, context):
    request = world.running()
    restored = {"StorageClass": "GLACIER", "Restore": 'ongoing-request="false", expiry-date="…"'}
    world.aws.s3.heads["images/web.vmdk"].update(restored)

    assert handler(world.step(request), context)


def test_an_execution_that_carries_no_open_request_is_rejected(world: World, context):
    request = world.running()

    for step in (
        {**world.step(request), "ExecutionArn": "arn:aws:states:us-east-1:1:execution:Import:mine"},
        {**world.step(request), "RequestId": ""},
        {**world.step(request), "RequestId": "unknown"},
    ):
        with pytest.raises(RequestFailure) as error:
            handler(step, context)
        assert code_of(error) == ("RequestNotOpen", "Rejected")
    assert world.find(request).status is Status.RUNNING
