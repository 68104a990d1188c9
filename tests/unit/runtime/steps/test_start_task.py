"""One call per stage of an attempt, and what EC2's refusals become."""

import json

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fakes import throttled
from tests.unit.runtime.world import LATER, SOON, World
from vmie_runtime.errors import (
    CallUnanswered,
    RequestFailure,
    RequestRejected,
    ServiceRoleRejected,
    TagNotSeenYet,
    TaskQuotaExceeded,
    TransientServiceError,
)
from vmie_runtime.made import Made
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.stages.images import RegisterImage
from vmie_runtime.steps.start_task import handler

ACCEPTED = {"Findings": [], "Verdicts": {"image": "accepted", "snapshot": "accepted", "direct": "accepted"}}
INSPECTED = {"Inspection": ACCEPTED}
FINDING = {
    "Code": "NotAnImage",
    "Severity": "error",
    "Disk": "web.vmdk",
    "Found": "it is a text",
    "Why": "EC2 would say so",
    "Remedy": "upload the disk",
    "Rejects": ["image", "direct"],
}
REJECTED = {
    "Findings": [FINDING],
    "Verdicts": {"image": "rejected", "snapshot": "accepted", "direct": "rejected"},
    "Recommendation": {"Method": "snapshot"},
}
DOCUMENT = {"DiskContainers": [{"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}]}


def test_a_task_is_started_and_its_id_written_down(world: World, context):
    request = world.running()

    answer = handler(world.step(request, Inspected=INSPECTED), context)

    (call,) = world.aws.ec2.imports
    assert call["ClientToken"] == f"vmie-{request.id}-1"
    assert call["DiskContainers"] == [
        {"Format": "vmdk", "UserBucket": {"S3Bucket": "uploads", "S3Key": "images/web.vmdk"}}
    ]
    found = world.find(request)
    assert found.task_id == found.import_task_id == "import-ami-0"
    assert found.changed_at == SOON
    assert found.inspection == ACCEPTED
    assert answer == {"PollAfter": 20}


def test_a_repeated_start_starts_nothing(world: World, context):
    request = world.running()
    handler(world.step(request, Inspected=INSPECTED), context)
    handler(world.step(request, Inspected=INSPECTED), context)

    assert len(world.aws.ec2.imports) == 1


def test_a_start_killed_before_it_wrote_the_id_down_finds_its_task(world: World, context):
    request = world.running()
    handler(world.step(request, Inspected=INSPECTED), context)
    world.table.update(request.id, {"task_id": None, "import_task_id": None})

    handler(world.step(request, Inspected=INSPECTED), context)

    assert list(world.aws.ec2.tasks) == ["import-ami-0"]
    assert world.find(request).task_id == "import-ami-0"


def test_a_task_started_with_other_defaults_is_adopted(world: World, context, monkeypatch):
    """The stack was deployed anew between the call and its repetition."""
    request = world.running()
    handler(world.step(request, Inspected=INSPECTED), context)
    world.table.update(request.id, {"task_id": None})
    world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=json.dumps({"BootMode": "uefi"}))

    handler(world.step(request, Inspected=INSPECTED), context)

    assert list(world.aws.ec2.tasks) == ["import-ami-0"]
    assert world.find(request).task_id == "import-ami-0"


def test_a_new_attempt_starts_a_task_of_its_own(world: World, context):
    request = world.running()
    handler(world.step(request, Inspected=INSPECTED), context)
    world.table.update(request.id, {"task_id": None, "attempt": 2})

    handler(world.step(request, Inspected=INSPECTED), context)

    assert list(world.aws.ec2.tasks) == ["import-ami-0", "import-ami-1"]


def test_a_call_without_a_token_is_asked_for_before_it_is_made(world: World, context):
    document = {**DOCUMENT, "Vmie": {"Method": "snapshot", "Name": "golden"}}
    made = Made(snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made)
    world.aws.ec2.snapshots.add("snap-1")
    handler(world.step(request), context)
    image_id = world.find(request).task_id
    world.table.update(request.id, {"task_id": None})

    handler(world.step(request), context)

    assert list(world.aws.ec2.images) == [image_id]
    assert len(world.aws.ec2.called("RegisterImage")) == 1
    assert world.find(request).task_id == image_id


@pytest.mark.parametrize(("stage", "attempts"), [(0, 4), (1, 1)])
def test_only_a_call_with_a_token_is_repeated_by_the_client(world: World, context, stage: int, attempts: int):
    document = {**DOCUMENT, "Vmie": {"Method": "snapshot", "Name": "golden"}}
    made = Made(snapshot_ids=("snap-1",) if stage else ())
    request = world.running("requests/web.json", document=document, stage=stage, made=made)
    world.aws.ec2.snapshots.add("snap-1")
    world.aws.asked.clear()

    handler(world.step(request), context)

    assert min(patience for service, patience in world.aws.asked if service == "ec2") == attempts


REGISTERED = {**DOCUMENT, "Vmie": {"Method": "snapshot", "Name": "golden"}}


def registering(world: World, **changes) -> Request:
    """A request whose next call, RegisterImage, takes no token."""
    made = Made(snapshot_ids=("snap-1",))
    world.aws.ec2.snapshots.add("snap-1")
    return world.running("requests/web.json", document=REGISTERED, stage=1, made=made, **changes)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="ec2"),
        refusal("InternalError", "RegisterImage", status=500),
        refusal("Unavailable", "RegisterImage", status=503),
    ],
    ids=["no answer", "500", "503"],
)
def test_a_call_without_a_token_that_may_have_been_carried_out_is_told_from_others(
    world: World, context, error: Exception
):
    request = registering(world)
    world.aws.ec2.refusals.add("RegisterImage", error)

    with pytest.raises(CallUnanswered):
        handler(world.step(request), context)


def test_a_call_without_a_token_that_was_throttled_may_be_made_again_at_once(world: World, context):
    """EC2 throttles with 503, too."""
    request = registering(world)
    error = refusal("RequestLimitExceeded", "RegisterImage", status=503)
    world.aws.ec2.refusals.add("RegisterImage", error)

    with pytest.raises(TransientServiceError) as raised:
        handler(world.step(request), context)

    assert type(raised.value) is TransientServiceError


def test_a_call_with_a_token_whose_answer_was_lost_may_be_made_again_at_once(world: World, context):
    request = world.running()
    world.aws.ec2.refusals.add("ImportImage", ReadTimeoutError(endpoint_url="ec2"))

    with pytest.raises(TransientServiceError) as raised:
        handler(world.step(request, Inspected=INSPECTED), context)

    assert type(raised.value) is TransientServiceError


def test_what_was_marked_a_moment_ago_may_be_refused_and_is_used_once_its_tag_is_seen(world: World, context):
    request = registering(world)
    world.aws.ec2.refusals.add("RegisterImage", refusal("UnauthorizedOperation", "RegisterImage", status=403))

    with pytest.raises(TagNotSeenYet) as raised:
        handler(world.step(request), context)
    handler(world.step(request), context)

    facts = json.loads(str(raised.value))
    assert (facts["Operation"], facts["AwsCode"]) == ("RegisterImage", "UnauthorizedOperation")
    assert world.find(request).task_id in world.aws.ec2.images


def test_a_refusal_of_the_first_stage_has_no_tag_to_wait_for(world: World, context):
    request = world.running()
    world.aws.ec2.refusals.add("ImportImage", refusal("UnauthorizedOperation", "ImportImage", status=403))

    with pytest.raises(RequestFailure) as raised:
        handler(world.step(request, Inspected=INSPECTED), context)

    assert type(raised.value) is RequestFailure


def test_after_the_deadline_no_stage_starts_anything(world: World, context):
    request = registering(world)

    with pytest.raises(RequestFailure) as raised:
        handler(world.step(request, now=str(request.deadline_at)), context)

    facts = json.loads(str(raised.value))
    assert (facts["Code"], facts["Status"]) == ("DeadlineExceeded", "TimedOut")
    assert facts["deadline"] == "2026-11-20 13:00:00 UTC"
    assert world.aws.ec2.calls == []


def test_a_task_that_runs_is_followed_whenever_its_start_is_repeated(world: World, context):
    request = world.importing()

    assert handler(world.step(request, now=LATER), context) == {"PollAfter": 20}


def test_an_answer_that_was_lost_is_found_by_the_name_that_it_took(world: World, context, monkeypatch):
    document = {**DOCUMENT, "Vmie": {"Method": "snapshot", "Name": "golden"}}
    made = Made(snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made)
    world.aws.ec2.snapshots.add("snap-1")
    handler(world.step(request), context)
    image_id = world.find(request).task_id
    world.table.update(request.id, {"task_id": None})
    find, seen = RegisterImage.find, iter([None])
    monkeypatch.setattr(RegisterImage, "find", lambda stage, work: next(seen, find(stage, work)))

    handler(world.step(request), context)

    assert world.find(request).task_id == image_id


def test_an_image_whose_inspection_did_not_end_is_tried_and_said_to_be(world: World, context):
    request = world.running("requests/web.json", document=DOCUMENT)

    handler(world.step(request, Inspected={}), context)

    started = world.find(request)
    assert started.task_id is not None
    assert [advice["Code"] for advice in started.advice] == ["NotInspected", "LicenceUnnamed"]


def test_what_was_started_for_a_request_that_ended_meanwhile_fails_its_execution(
    world: World, context, monkeypatch
):
    request = world.running("requests/web.json", document=DOCUMENT)
    start = world.aws.ec2.import_image

    def import_image(**parameters: object) -> object:
        world.table.conclude(world.find(request), status=Status.CANCELLED, now=SOON)
        return start(**parameters)

    monkeypatch.setattr(world.aws.ec2, "import_image", import_image)

    with pytest.raises(RequestFailure, match="RequestNotOpen"):
        handler(world.step(request), context)

    assert set(world.aws.ec2.cancelled) == {"import-ami-0"}, "at once, and not by the next sweep"


@pytest.mark.parametrize(
    "error", [refusal("UnauthorizedOperation", "CancelImportTask", status=403), throttled()]
)
def test_a_task_that_cannot_be_cancelled_at_once_is_left_to_the_sweep(
    world: World, context, monkeypatch, error: Exception
):
    request = world.running("requests/web.json", document=DOCUMENT)
    start = world.aws.ec2.import_image

    def import_image(**parameters: object) -> object:
        world.table.conclude(world.find(request), status=Status.CANCELLED, now=SOON)
        return start(**parameters)

    monkeypatch.setattr(world.aws.ec2, "import_image", import_image)
    world.aws.ec2.refusals.add("CancelImportTask", error)

    with pytest.raises(RequestFailure, match="RequestNotOpen"):
        handler(world.step(request), context)
    world.reconciler.cancel_orphans()

    assert set(world.aws.ec2.cancelled) == {"import-ami-0"}


def test_a_new_task_that_ec2_does_not_show_yet_is_cancelled_too(world: World, context, monkeypatch):
    request = world.running("requests/web.json", document=DOCUMENT)
    start = world.aws.ec2.import_image

    def import_image(**parameters: object) -> object:
        world.table.conclude(world.find(request), status=Status.CANCELLED, now=SOON)
        return start(**parameters)

    monkeypatch.setattr(world.aws.ec2, "import_image", import_image)
    monkeypatch.setattr(world.aws.ec2, "describe_import_image_tasks", lambda **_: {"ImportImageTasks": []})

    with pytest.raises(RequestFailure, match="RequestNotOpen"):
        handler(world.step(request), context)

    assert set(world.aws.ec2.cancelled) == {"import-ami-0"}


def test_what_earlier_stages_made_is_marked_before_it_is_used(world: World, context):
    """The role may use what carries the workflow's tag only."""
    document = {**DOCUMENT, "Vmie": {"Name": "golden"}}
    made = Made(image_ids=("ami-1",), snapshot_ids=("snap-1",))
    request = world.running("requests/web.json", document=document, stage=1, made=made)
    world.aws.ec2.add_image("ami-1", "snap-1")

    handler(world.step(request), context)

    assert [operation for operation, _ in world.aws.ec2.calls] == ["CreateTags", "CopyImage"]
    assert {world.aws.ec2.tags[each]["vmie:workflow"] for each in ("ami-1", "snap-1")} == {"requests"}


def test_a_snapshot_that_the_request_named_is_not_marked(world: World, context):
    given = "snap-0123456789abcdef0"
    document = {"DiskContainers": [{"SnapshotId": given}], "Vmie": {"Name": "golden"}}
    made = Made(image_ids=("ami-1",), snapshot_ids=(given,))
    request = world.running("requests/web.json", document=document, stage=1, made=made)
    world.aws.ec2.add_image("ami-1", given)

    handler(world.step(request), context)

    assert given not in world.aws.ec2.tags


@pytest.mark.parametrize(
    "options", [{"dry_run": True}, {"stage": 1, "made": Made(image_ids=("ami-1",))}], ids=["dry run", "last"]
)
def test_where_no_stage_is_left_nothing_is_started(world: World, context, options):
    request = world.running(**options)

    assert handler(world.step(request), context) == {"PollAfter": 0}
    assert world.aws.ec2.calls == []


def test_a_rejected_image_starts_nothing(world: World, context):
    request = world.running()

    with pytest.raises(RequestRejected) as error:
        handler(world.step(request, Inspected={"Inspection": REJECTED}), context)

    raised = json.loads(str(error.value))
    assert raised["Code"] == "NotAnImage"
    assert raised["Message"] == "'images/web.vmdk' cannot be imported: it is a text."
    assert raised["Finding"] == {"Why": "EC2 would say so", "Remedy": "upload the disk"}
    assert world.aws.ec2.imports == []
    assert world.find(request).inspection == REJECTED


def test_the_finding_is_named_that_rejects_the_method_asked_for(world: World, context):
    other = {**FINDING, "Code": "NoPartitionTable", "Remedy": "import it as a snapshot", "Rejects": ["image"]}
    fault = {**FINDING, "Code": "FormatMismatch", "Rejects": ["image", "snapshot"]}
    inspection = {"Findings": [other, fault], "Verdicts": {"image": "rejected", "snapshot": "rejected"}}
    request = world.running("requests/web.json", document={**DOCUMENT, "Vmie": {"Method": "snapshot"}})

    with pytest.raises(RequestRejected) as error:
        handler(world.step(request, Inspected={"Inspection": inspection}), context)

    assert json.loads(str(error.value))["Code"] == "FormatMismatch"


def test_of_several_disks_the_one_at_fault_is_named(world: World, context):
    containers = [
        {"Format": "raw", "UserBucket": {"S3Key": f"disks/{name}"}} for name in ("system.raw", "web.vmdk")
    ]
    request = world.running("requests/web.json", document={"DiskContainers": containers})

    with pytest.raises(RequestRejected, match=r"disks/web\.vmdk"):
        handler(world.step(request, Inspected={"Inspection": REJECTED}), context)


def test_a_rejected_image_is_tried_where_the_request_wants_advice_only(world: World, context):
    request = world.running(options={"Inspection": "advise"})

    handler(world.step(request, Inspected={"Inspection": REJECTED}), context)

    assert len(world.aws.ec2.imports) == 1
    assert world.find(request).inspection == REJECTED


def test_doubt_rejects_nothing(world: World, context):
    request = world.running()
    doubtful = {"Findings": [{**FINDING, "Severity": "warning"}], "Verdicts": {"image": "doubtful"}}

    handler(world.step(request, Inspected={"Inspection": doubtful}), context)

    assert len(world.aws.ec2.imports) == 1


@pytest.mark.parametrize(
    ("recommended", "operation"),
    [
        ("snapshot", "ImportSnapshot"),
        ("image", "ImportImage"),
        ("direct", "ImportImage"),
        (None, "ImportImage"),
    ],
)
def test_the_inspection_decides_where_the_method_is_left_open(world, context, recommended, operation):
    document = {**DOCUMENT, "Vmie": {"Method": "auto"}}
    request = world.running("requests/web.json", document=document)
    inspection = {**ACCEPTED, "Recommendation": {"Method": recommended}}

    handler(world.step(request, Inspected={"Inspection": inspection}), context)

    assert [name for name, _ in world.aws.ec2.calls] == [operation]
    assert world.find(request).method == {"ImportSnapshot": "snapshot", "ImportImage": "image"}[operation]


def test_a_method_that_was_asked_for_stays(world: World, context):
    request = world.running()
    inspection = {**ACCEPTED, "Recommendation": {"Method": "snapshot"}}

    handler(world.step(request, Inspected={"Inspection": inspection}), context)

    assert world.find(request).method == "image"


def test_an_inspection_decides_once_per_attempt(world: World, context):
    """A later stage's start has the same state input behind it; what runs has its method."""
    document = {**DOCUMENT, "Vmie": {"Method": "auto"}}
    made = Made(snapshot_ids=("snap-1",))
    request = world.running(
        "requests/web.json", document=document, method="snapshot", stage=1, made=made, inspection=ACCEPTED
    )
    world.aws.ec2.snapshots.add("snap-1")

    handler(world.step(request, Inspected={"Inspection": REJECTED}), context)

    assert world.find(request).inspection == ACCEPTED
    assert world.stage_operation(request) == "RegisterImage"


def test_what_the_guest_shows_is_added_to_the_advice_once(world: World, context):
    known = {"Code": "EncryptedByDefault", "Message": "m", "Remedy": "r"}
    request = world.running(advice=[known])
    guest = {"Family": "linux", "Name": "Red Hat Enterprise Linux", "Version": "9.2"}
    inspected = {"Inspection": {**ACCEPTED, "Guest": guest}}
    world.aws.ec2.refusals.add("ImportImage", throttled("ImportImage"))

    with pytest.raises(TransientServiceError):
        handler(world.step(request, Inspected=inspected), context)
    first = world.find(request).advice
    handler(world.step(request, Inspected=inspected), context)

    assert first[0] == known
    assert len(first) > 1
    assert world.find(request).advice == first


def test_a_source_overwritten_since_its_inspection_starts_nothing(world: World, context):
    request = world.running()
    world.aws.s3.add("images/web.vmdk", version="v2")

    with pytest.raises(RequestFailure, match="SourceChanged"):
        handler(world.step(request, Inspected=INSPECTED), context)

    assert world.aws.ec2.imports == []


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (refusal("ResourceCountLimitExceeded", "ImportImage"), TaskQuotaExceeded),
        (refusal("ResourceLimitExceeded", "ImportImage"), TaskQuotaExceeded),
        (refusal("InstanceLimitExceeded", "ImportImage"), RequestFailure),
        (throttled("ImportImage"), TransientServiceError),
        (refusal("Unavailable", "ImportImage", status=503), TransientServiceError),
        (
            refusal("InvalidParameter", "ImportImage", message="The service role vm-import does not exist"),
            ServiceRoleRejected,
        ),
        (refusal("InvalidParameter", "ImportImage", message="Invalid boot mode"), RequestFailure),
    ],
)
def test_refusals_are_told_apart(world: World, context, error, raised):
    request = world.running()
    world.aws.ec2.refusals.add("ImportImage", error)

    with pytest.raises(raised) as found:
        handler(world.step(request, Inspected=INSPECTED), context)

    assert type(found.value) is raised
    assert world.find(request).task_id is None
    if isinstance(found.value, RequestFailure):
        assert json.loads(str(found.value))["Operation"] == "ImportImage"


@pytest.mark.parametrize(
    ("code", "message", "raised"),
    [
        ("ResourceLimitExceeded", "Too many snapshot copies in progress. Limit 20.", TaskQuotaExceeded),
        ("PendingSnapshotLimitExceeded", "Words that nobody recorded.", TaskQuotaExceeded),
        ("ResourceLimitExceeded", "You have exceeded your quota of AMIs.", RequestFailure),
        ("ResourceCountLimitExceeded", "Words that nobody recorded.", TaskQuotaExceeded),
    ],
)
def test_of_a_later_stage_only_a_quota_that_frees_itself_is_waited_for(
    world: World, context, code: str, message: str, raised: type[Exception]
):
    request = registering(world)
    world.aws.ec2.refusals.add("RegisterImage", refusal(code, "RegisterImage", message=message))

    with pytest.raises(raised) as found:
        handler(world.step(request), context)

    assert type(found.value) is raised
    assert world.aws.ec2.snapshots == {"snap-1"}


LICENCE = "arn:aws:license-manager:us-east-1:123456789012:license-configuration:lic-1"


@pytest.mark.parametrize(
    ("asked", "default", "arns"),
    [
        (f"arn:aws:kms:us-east-1:123456789012:key/{'a' * 8}", None, ["aaaaaaaa"]),
        ("bbbbbbbb", "arn:aws:kms:us-east-1:123456789012:key/default", ["bbbbbbbb"]),
        ("alias/ours", None, ["alias/ours"]),
        (None, "arn:aws:kms:us-east-1:123456789012:key/default", ["default"]),
        (None, None, []),
    ],
)
def test_a_refused_role_is_named_with_the_key_and_the_licences_that_the_import_uses(
    world: World, context, monkeypatch, asked: str | None, default: str | None, arns: list[str]
):
    if default:
        defaults = json.dumps({"Encrypted": True, "KmsKeyId": default})
        world.configure(monkeypatch, VMIE_IMPORT_DEFAULTS=defaults)
    encryption = {"Encrypted": True, "KmsKeyId": asked} if asked else {}
    document = {**DOCUMENT, **encryption, "LicenseSpecifications": [{"LicenseConfigurationArn": LICENCE}]}
    request = world.running("requests/web.json", document=document)
    refused = refusal("InvalidParameter", "ImportImage", message="The service role r does not exist")
    world.aws.ec2.refusals.add("ImportImage", refused)

    with pytest.raises(ServiceRoleRejected) as error:
        handler(world.step(request), context)

    raised = json.loads(str(error.value))
    assert raised["KmsKeyArns"] == [f"arn:aws:kms:us-east-1:123456789012:key/{each}" for each in arns]
    assert raised["LicenseConfigurationArns"] == [LICENCE]


def test_a_key_that_cannot_be_looked_at_hides_no_refusal_of_the_role(world: World, context, monkeypatch):
    def describe_key(**_: object) -> object:
        raise refusal("AccessDeniedException", "DescribeKey")

    monkeypatch.setattr(world.aws.kms, "describe_key", describe_key)
    document = {**DOCUMENT, "Encrypted": True, "KmsKeyId": "alias/ours"}
    request = world.running("requests/web.json", document=document)
    refused = refusal("InvalidParameter", "ImportImage", message="The service role r does not exist")
    world.aws.ec2.refusals.add("ImportImage", refused)

    with pytest.raises(ServiceRoleRejected) as error:
        handler(world.step(request), context)

    assert json.loads(str(error.value))["KmsKeyArns"] == []


def test_a_refused_role_is_named_with_the_disk_and_the_keys_it_must_read(world: World, context):
    request = world.running(role_name="their-role")
    world.aws.s3.heads["images/web.vmdk"]["SSEKMSKeyId"] = "arn:aws:kms:us-east-1:123456789012:key/k"
    refused = refusal("InvalidParameter", "ImportImage", message="The service role their-role does not exist")
    world.aws.ec2.refusals.add("ImportImage", refused)

    with pytest.raises(ServiceRoleRejected) as error:
        handler(world.step(request, Inspected=INSPECTED), context)

    raised = json.loads(str(error.value))
    assert (raised["RoleName"], raised["Bucket"], raised["Key"]) == (
        "their-role",
        "uploads",
        "images/web.vmdk",
    )
    assert raised["SourceKeyArns"] == ["arn:aws:kms:us-east-1:123456789012:key/k"]


@pytest.mark.parametrize("ended", [True, False])
def test_a_stopped_request_starts_nothing(world: World, context, ended: bool):
    """Its execution was stopped while this function was on its way."""
    request = world.running(open_state=OpenState.ENDING)
    if ended:
        world.table.conclude(request, status=request.status, now=SOON)

    with pytest.raises(RequestFailure, match="RequestNotOpen"):
        handler(world.step(request, Inspected=INSPECTED), context)

    assert world.aws.ec2.imports == []
