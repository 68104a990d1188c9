"""ExportImage, CreateInstanceExportTask and their relatives through boto3, on a real disk."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from tests.local import exported_files, vm_disks
from tests.local.making import unique
from tests.local.vm_disks import GIB, needs_disk_tools
from vmie_local import LocalAws
from vmie_local.vm_import.exports.grantees import grantees
from vmie_runtime.import_manifest import DiskObject, ImportManifest, Scratch

ROLE, SOURCES, BUCKET, PREFIX = "export-tests", "export-tests-images", "export-tests-files", "exports/"
IMPORTED = ("ova", "vmdk", "vhd", "vhdx", "raw")
EXPORTED = ("VMDK", "VHD", "RAW", "OVA")
PROBE = "vmimportexport_write_verification"
PATIENCE = 180  # real seconds; nothing is judged by it
T = TypeVar("T")
GRANTEE = grantees()["us-east-1"]

pytestmark = needs_disk_tools


def eventually(look: Callable[[], T | None], what: str) -> T:
    """Whatever `look` returns first that is true; it looks seldom, because the machine has work to do."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"Did not happen within {PATIENCE} s: {what}")


@dataclass
class Exports:
    """AMIs of one disk, imported from every format, and a bucket for what is exported."""

    cloud: LocalAws
    volume: Path
    images: dict[str, str]

    def __post_init__(self) -> None:
        self.ec2, self.s3 = self.cloud.client("ec2"), self.cloud.client("s3")

    def start_image(self, image_id: str, disk_format: str = "VMDK", **parameters: Any) -> str:
        location = {"S3Bucket": BUCKET, "S3Prefix": PREFIX}
        given = {"RoleName": ROLE, "S3ExportLocation": location, **parameters}
        answer = self.ec2.export_image(ImageId=image_id, DiskImageFormat=disk_format, **given)
        return str(answer["ExportImageTaskId"])

    def start_instance(self, instance_id: str, **target: Any) -> str:
        given = {"ContainerFormat": "ova", "DiskImageFormat": "VMDK", "S3Bucket": BUCKET, "S3Prefix": PREFIX}
        answer = self.ec2.create_instance_export_task(
            InstanceId=instance_id, TargetEnvironment="vmware", ExportToS3Task={**given, **target}
        )
        return str(answer["ExportTask"]["ExportTaskId"])

    def hold(self, operation: str) -> None:
        """Let the next task stand still once its file is sent, so that it can be cancelled at leisure."""
        self.cloud.front_door.faults.add({"Operation": operation, "Phase": "converting", "Stall": True})

    def show(self, task_id: str) -> dict[str, Any]:
        if task_id.startswith("export-ami"):
            answer = self.ec2.describe_export_image_tasks(ExportImageTaskIds=[task_id])
            return dict(answer["ExportImageTasks"][0])
        return dict(self.ec2.describe_export_tasks(ExportTaskIds=[task_id])["ExportTasks"][0])

    def end(self, task_id: str) -> dict[str, Any]:
        """A task once it has ended for good."""

        def look() -> dict[str, Any] | None:
            shown = self.show(task_id)
            going = shown.get("Status", shown.get("State")) in ("active", "deleting", "cancelling")
            return None if going else shown

        return eventually(look, f"end of {task_id}")

    def keys(self, task_id: str) -> list[str]:
        """The objects and unfinished uploads that bear a task's id."""
        objects = self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        uploads = self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [found["Key"] for found in (*objects, *uploads) if task_id in found["Key"]]

    def instance(self, image_id: str) -> str:
        (instance,) = self.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)["Instances"]
        return str(instance["InstanceId"])


def policy_for(grantee: str) -> str:
    """The bucket policy of the user guide."""
    principal = {"CanonicalUser": grantee}
    arn = f"arn:aws:s3:::{BUCKET}"
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": "s3:GetBucketAcl", "Resource": arn},
        {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", "Resource": f"{arn}/*"},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def exports(cloud: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    limit = cloud.vm_import.limits.concurrent_tasks
    cloud.vm_import.limits.concurrent_tasks = 40
    raw = vm_disks.make_raw(tmp_path_factory.mktemp("disks"))
    s3, iam = cloud.client("s3"), cloud.client("iam")
    s3.create_bucket(Bucket=SOURCES)
    s3.create_bucket(Bucket=BUCKET, ObjectOwnership="BucketOwnerPreferred")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy_for(GRANTEE))
    for kind in IMPORTED:
        s3.upload_file(str(raw if kind == "raw" else vm_disks.convert(raw, kind)), SOURCES, f"disk.{kind}")
    vm_disks.service_role(iam, ROLE, SOURCES, cloud.settings.account)
    vm_disks.put_policy(iam, ROLE, BUCKET, s3_actions=vm_disks.EXPORT_ACTIONS)
    cloud.clock.sleep(cloud.vm_import.roles.propagation_seconds)
    wanted: dict[str, dict[str, Any]] = {kind: {} for kind in IMPORTED}
    images = import_all(cloud.client("ec2"), {**wanted, "encrypted": {"Encrypted": True}})
    yield Exports(cloud, exported_files.whole_volume(raw), images)
    cloud.vm_import.limits.concurrent_tasks = limit


def import_all(ec2: Any, wanted: dict[str, dict[str, Any]]) -> dict[str, str]:
    """AMIs of the disk, each by the format it came in."""
    tasks = {}
    for name, parameters in wanted.items():
        kind = name if name in IMPORTED else "vmdk"
        source = {"Format": kind, "UserBucket": {"S3Bucket": SOURCES, "S3Key": f"disk.{kind}"}}
        started = ec2.import_image(RoleName=ROLE, DiskContainers=[source], **parameters)
        tasks[name] = started["ImportTaskId"]
    return {name: imported(ec2, task_id)["ImageId"] for name, task_id in tasks.items()}


def imported(ec2: Any, task_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        (task,) = ec2.describe_import_image_tasks(ImportTaskIds=[task_id])["ImportImageTasks"]
        return task if task["Status"] != "active" else None

    task = eventually(look, f"end of {task_id}")
    assert task["Status"] == "completed", task
    return task


@pytest.fixture(scope="module")
def written(exports: Exports) -> dict[tuple[str, str], dict[str, Any]]:
    """The ended exports of every AMI in every format. An AMI has one at a time, an instance its own."""
    tasks: dict[tuple[str, str], dict[str, Any]] = {}
    appliances = {kind: exports.start_instance(exports.instance(exports.images[kind])) for kind in IMPORTED}
    for wanted in ("VMDK", "VHD", "RAW"):
        started = {kind: exports.start_image(exports.images[kind], wanted) for kind in IMPORTED}
        tasks |= {(kind, wanted): exports.end(task_id) for kind, task_id in started.items()}
    return tasks | {(kind, "OVA"): exports.end(task_id) for kind, task_id in appliances.items()}


def key_of(task: dict[str, Any], wanted: str) -> str:
    if wanted == "OVA":
        return str(task["ExportToS3Task"]["S3Key"])
    return f"{PREFIX}{task['ExportImageTaskId']}.{wanted.lower()}"


@pytest.mark.parametrize("wanted", EXPORTED)
@pytest.mark.parametrize("kind", IMPORTED)
def test_what_was_imported_comes_out_again(
    exports: Exports,
    written: dict[tuple[str, str], dict[str, Any]],
    tmp_path: Path,
    kind: str,
    wanted: str,
) -> None:
    task = written[kind, wanted]
    assert task.get("Status", task.get("State")) == "completed", task
    file = exported_files.stored_file(BUCKET, key_of(task, wanted), tmp_path)
    disk_format = wanted
    if wanted == "OVA":
        file, disk_format = exported_files.disk_of_appliance(file), "VMDK"

    assert exported_files.info(file, disk_format)["virtual-size"] == GIB
    assert exported_files.compare(exports.volume, file, disk_format) == "Images are identical."


def test_exported_objects_have_their_size_and_can_be_fetched(
    exports: Exports, written: dict[tuple[str, str], dict[str, Any]], tmp_path: Path
) -> None:
    keys = {wanted: key_of(written["raw", wanted], wanted) for wanted in EXPORTED}
    sizes = {
        wanted: exports.s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"]
        for wanted, key in keys.items()
    }
    assert (sizes["RAW"], sizes["VHD"]) == (GIB, GIB + 512)
    assert sizes["VMDK"] < 8 << 20
    assert sizes["OVA"] > sizes["VMDK"]

    exports.s3.download_file(BUCKET, keys["VMDK"], str(tmp_path / "disk.vmdk"))
    assert (tmp_path / "disk.vmdk").stat().st_size == sizes["VMDK"]
    assert exported_files.info(tmp_path / "disk.vmdk", "VMDK")["format-specific"]["data"]["create-type"] == (
        "streamOptimized"
    )
    head = f"bytes=0-{(64 << 20) - 1}"
    raw = exports.s3.get_object(Bucket=BUCKET, Key=keys["RAW"], Range=head)["Body"].read()
    with exports.volume.open("rb") as volume:
        assert vm_disks.digest(raw) == vm_disks.digest(volume.read(64 << 20))


def test_an_empty_probe_is_left_at_the_bucket_s_root(
    exports: Exports, written: dict[tuple[str, str], dict[str, Any]]
) -> None:
    assert exports.s3.head_object(Bucket=BUCKET, Key=PROBE)["ContentLength"] == 0


def test_nothing_is_left_in_the_scratch_folder(
    exports: Exports, written: dict[tuple[str, str], dict[str, Any]]
) -> None:
    left = {path.name for path in (exports.cloud.data_dir / "vm-import").iterdir()}

    assert not left & {
        str(task.get("ExportImageTaskId") or task["ExportTaskId"]) for task in written.values()
    }


def test_an_exported_appliance_can_be_imported(
    exports: Exports, written: dict[tuple[str, str], dict[str, Any]]
) -> None:
    source = {"S3Bucket": BUCKET, "S3Key": key_of(written["vhdx", "OVA"], "OVA")}
    answer = exports.ec2.import_image(RoleName=ROLE, DiskContainers=[{"Format": "ova", "UserBucket": source}])
    task = imported(exports.ec2, answer["ImportTaskId"])
    snapshot = task["SnapshotDetails"][0]["SnapshotId"]
    data, _ = vm_disks.read_snapshot(exports.cloud.client("ebs"), snapshot)

    with exports.volume.open("rb") as volume:
        assert vm_disks.digest(data) == vm_disks.digest(volume.read(len(data)))


def test_the_paginator_finds_every_export(
    exports: Exports, written: dict[tuple[str, str], dict[str, Any]]
) -> None:
    pages = exports.ec2.get_paginator("describe_export_image_tasks").paginate(
        PaginationConfig={"PageSize": 4}, Filters=[{"Name": "task-state", "Values": ["completed"]}]
    )
    found = [task["ExportImageTaskId"] for page in pages for task in page["ExportImageTasks"]]

    assert len(found) == len(set(found))
    assert {task["ExportImageTaskId"] for (_, wanted), task in written.items() if wanted != "OVA"} <= set(
        found
    )


@pytest.fixture
def image(exports: Exports) -> str:
    """An AMI that no other test exports meanwhile."""
    (source,) = exports.ec2.describe_images(ImageIds=[exports.images["raw"]])["Images"]
    snapshot = {"SnapshotId": source["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]}
    answer = exports.ec2.register_image(
        Name=unique("image"),
        RootDeviceName="/dev/sda1",
        VirtualizationType="hvm",
        Architecture="x86_64",
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": snapshot}],
    )
    return available(exports, str(answer["ImageId"]))


def available(exports: Exports, image_id: str) -> str:
    def look() -> bool:
        (image,) = exports.ec2.describe_images(ImageIds=[image_id])["Images"]
        return bool(image["State"] == "available")

    eventually(look, f"{image_id} available")
    return image_id


def refusal(call: Callable[..., Any], *args: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*args, **parameters)
    return f"{caught.value.response['Error']['Code']}: {caught.value.response['Error']['Message']}"


def test_a_cancelled_export_of_an_image_leaves_nothing(exports: Exports, image: str) -> None:
    exports.hold("ExportImage")
    task_id = exports.start_image(image)
    eventually(lambda: exports.keys(task_id), "the upload")
    exports.ec2.cancel_export_task(ExportTaskId=task_id)

    assert exports.end(task_id)["Status"] == "deleted"
    assert exports.keys(task_id) == []
    assert refusal(exports.ec2.cancel_export_task, ExportTaskId=task_id).startswith("IncorrectState")


def test_the_waiters_see_an_export_completed_and_another_cancelled(exports: Exports, image: str) -> None:
    instance, quick = exports.instance(image), {"Delay": 1, "MaxAttempts": 60}
    completed = exports.start_instance(instance)
    exports.hold("CreateInstanceExportTask")
    cancelled = exports.start_instance(instance)
    exports.ec2.cancel_export_task(ExportTaskId=cancelled)
    exports.ec2.get_waiter("export_task_cancelled").wait(ExportTaskIds=[cancelled], WaiterConfig=quick)
    exports.ec2.get_waiter("export_task_completed").wait(ExportTaskIds=[completed], WaiterConfig=quick)

    assert exports.keys(cancelled) == []
    assert exports.keys(completed) == [exports.show(completed)["ExportToS3Task"]["S3Key"]]
    with pytest.raises(WaiterError):
        exports.ec2.get_waiter("export_task_completed").wait(
            ExportTaskIds=[cancelled], WaiterConfig={"Delay": 0, "MaxAttempts": 2}
        )


def test_an_image_made_of_the_instance_has_its_disk(exports: Exports, tmp_path: Path) -> None:
    instance = exports.instance(exports.images["vmdk"])
    image_id = exports.ec2.create_image(InstanceId=instance, Name=unique("copy"))["ImageId"]
    task_id = exports.start_image(available(exports, image_id))
    assert exports.end(task_id)["Status"] == "completed"
    file = exported_files.stored_file(BUCKET, f"{PREFIX}{task_id}.vmdk", tmp_path)

    assert exported_files.compare(exports.volume, file, "VMDK") == "Images are identical."


def test_an_instance_of_import_instance_is_exported_for_hyper_v(exports: Exports, tmp_path: Path) -> None:
    instance = import_instance(exports)
    answer = exports.ec2.create_instance_export_task(
        InstanceId=instance,
        TargetEnvironment="microsoft",
        ExportToS3Task={"DiskImageFormat": "VHD", "S3Bucket": BUCKET, "S3Prefix": PREFIX},
    )
    task = exports.end(answer["ExportTask"]["ExportTaskId"])
    assert task["State"] == "completed", task
    file = exported_files.stored_file(BUCKET, task["ExportToS3Task"]["S3Key"], tmp_path)

    assert exported_files.compare(exports.volume, file, "VHD") == "Images are identical."


def import_instance(exports: Exports) -> str:
    """The id of a stopped instance with the disk, made by the operation that takes a manifest."""
    s3 = exports.cloud.client("s3", config=Config(signature_version="s3v4"))
    size = s3.head_object(Bucket=SOURCES, Key="disk.vmdk")["ContentLength"]
    now = datetime.now(UTC)
    manifest = ImportManifest.for_object(
        s3,
        DiskObject(SOURCES, "disk.vmdk", size, "VMDK"),
        volume_gib=1,
        scratch=Scratch(SOURCES, "scratch/"),
        now=now,
        valid_until=now + timedelta(hours=1),
    )
    image = {"Format": "VMDK", "Bytes": size, "ImportManifestUrl": manifest.write(s3, s3, now=now)}
    launch = {"InstanceType": "m3.medium", "Placement": {"AvailabilityZone": "us-east-1b"}}
    task = exports.ec2.import_instance(
        Platform="Linux", LaunchSpecification=launch, DiskImages=[{"Image": image, "Volume": {"Size": 1}}]
    )["ConversionTask"]
    exports.ec2.get_waiter("conversion_task_completed").wait(
        ConversionTaskIds=[task["ConversionTaskId"]], WaiterConfig={"Delay": 0.5, "MaxAttempts": 200}
    )
    return str(task["ImportInstance"]["InstanceId"])


def test_encrypted_and_unknown_images_are_refused(exports: Exports) -> None:
    encrypted = exports.images["encrypted"]

    assert refusal(exports.start_image, encrypted) == (
        f"InvalidParameter: The image ID ({encrypted}) provided has encrypted EBS block devices and is not "
        "exportable."
    )
    assert refusal(exports.start_image, "ami-0123456789abcdef0").startswith("InvalidAMIID.NotFound")


def test_an_instance_with_two_volumes_is_refused(exports: Exports, image: str) -> None:
    instance = exports.instance(image)
    (described,) = exports.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
    zone = described["Placement"]["AvailabilityZone"]
    volume = exports.ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
    exports.ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
    exports.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")

    assert refusal(exports.start_instance, instance) == (
        "NotExportable: This instance has multiple volumes attached. Please remove additional volumes."
    )


@pytest.fixture
def bucket(exports: Exports) -> str:
    """A bucket of its own, whose ACL counts and grants nobody anything."""
    name = unique("exports")
    exports.s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerPreferred")
    return name


def test_the_export_service_needs_the_bucket_s_grant(exports: Exports, image: str, bucket: str) -> None:
    instance = exports.instance(image)
    text = (
        "AuthFailure: vm-import-export@amazon.com must have WRITE and READ_ACL permission on the S3 bucket."
    )
    assert refusal(exports.start_instance, instance, S3Bucket=bucket) == text
    exports.s3.put_bucket_acl(
        Bucket=bucket, GrantWrite=f"id={GRANTEE}", GrantReadACP=f"id={grantees()['eu-south-1']}"
    )
    assert refusal(exports.start_instance, instance, S3Bucket=bucket) == text
    exports.s3.put_bucket_acl(Bucket=bucket, GrantWrite=f"id={GRANTEE}", GrantReadACP=f"id={GRANTEE}")
    exports.hold("CreateInstanceExportTask")
    exports.ec2.cancel_export_task(ExportTaskId=exports.start_instance(instance, S3Bucket=bucket))
    exports.s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    assert refusal(exports.start_instance, instance, S3Bucket=bucket) == text


def test_a_new_bucket_takes_no_acl(exports: Exports) -> None:
    name = unique("new")
    exports.s3.create_bucket(Bucket=name)
    controls = exports.s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]

    assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert refusal(exports.s3.put_bucket_acl, Bucket=name, GrantWrite=f"id={GRANTEE}").startswith(
        "AccessControlListNotSupported"
    )


def test_a_bucket_of_another_region_or_of_nobody_is_refused(exports: Exports, image: str) -> None:
    far, name = exports.cloud.client("s3", region="eu-west-1"), unique("far")
    far.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    vm_disks.put_policy(exports.cloud.client("iam"), ROLE, name, s3_actions=vm_disks.EXPORT_ACTIONS)
    exports.cloud.clock.sleep(exports.cloud.vm_import.roles.propagation_seconds)
    text = "InvalidParameter: The given S3 object is not local to the region"
    instance = exports.instance(image)

    assert refusal(exports.start_image, image, S3ExportLocation={"S3Bucket": name}) == text
    assert refusal(exports.start_instance, instance, S3Bucket=name) == text
    assert "does not exist" in refusal(exports.start_instance, instance, S3Bucket=unique("nowhere"))


def test_a_bucket_encrypted_by_kms_fails_the_export(exports: Exports, image: str, bucket: str) -> None:
    exports.s3.put_bucket_policy(Bucket=bucket, Policy=policy_for(GRANTEE).replace(BUCKET, bucket))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    exports.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    task = exports.end(exports.start_instance(exports.instance(image), S3Bucket=bucket))

    assert task["State"] == "cancelled"
    assert "SSE-KMS" in task["StatusMessage"]
    assert exports.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_the_role_s_real_policies_decide(exports: Exports, image: str, bucket: str) -> None:
    iam, role = exports.cloud.client("iam"), unique("export-role")
    actions = [action for action in vm_disks.EXPORT_ACTIONS if action != "s3:GetBucketAcl"]
    vm_disks.service_role(iam, role, bucket, exports.cloud.settings.account)
    vm_disks.put_policy(iam, role, bucket, s3_actions=tuple(actions))
    exports.cloud.clock.sleep(exports.cloud.vm_import.roles.propagation_seconds)
    given = {"RoleName": role, "S3ExportLocation": {"S3Bucket": bucket}}
    assert refusal(exports.start_image, image, **given) == (
        f"InvalidParameter: The service role {role} provided does not exist or does not have sufficient "
        "permissions"
    )
    vm_disks.put_policy(iam, role, bucket, s3_actions=vm_disks.EXPORT_ACTIONS)
    exports.cloud.clock.sleep(exports.cloud.vm_import.roles.propagation_seconds)
    # What is asked before the start has no principal yet: so this denies the calls themselves.
    denial = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    denial["Condition"] = {"Null": {"aws:PrincipalArn": "false"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam.put_role_policy(RoleName=role, PolicyName="denial", PolicyDocument=document)
    exports.cloud.clock.sleep(exports.cloud.vm_import.roles.propagation_seconds)
    task = exports.end(exports.start_image(image, **given))

    assert task["Status"] == "deleted"
    assert task["StatusMessage"].endswith(f"the given resource {bucket}. Reason 403 AccessDenied")
    assert exports.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_a_caller_needs_its_permissions_and_may_pass_the_role(exports: Exports, image: str) -> None:
    iam, name, account = exports.cloud.client("iam"), unique("caller"), exports.cloud.settings.account
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    ec2 = exports.cloud.client("ec2", role_arn=arn)

    def allow(*statements: dict[str, Any]) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)

    def export() -> Any:
        return ec2.export_image(
            ImageId=image, DiskImageFormat="RAW", RoleName=ROLE, S3ExportLocation={"S3Bucket": BUCKET}
        )

    on_these = [
        f"arn:aws:ec2:us-east-1::image/{image}",
        f"arn:aws:ec2:us-east-1:{account}:export-image-task/*",
    ]
    start = {"Effect": "Allow", "Action": "ec2:ExportImage", "Resource": on_these}
    cancel = {"Effect": "Allow", "Action": "ec2:CancelExportTask", "Resource": on_these[1]}
    pass_role = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": f"arn:aws:iam::{account}:role/{ROLE}",
    }
    allow(start, cancel)
    assert refusal(export).startswith("UnauthorizedOperation")
    allow(pass_role)
    assert refusal(export).startswith("UnauthorizedOperation")
    allow(start, cancel, pass_role)
    exports.hold("ExportImage")
    ec2.cancel_export_task(ExportTaskId=export()["ExportImageTaskId"])


def test_faults_and_tags_reach_an_export(exports: Exports, image: str) -> None:
    exports.cloud.front_door.faults.add(
        {"Operation": "ExportImage", "StatusMessage": "ServerError: no luck", "Phase": "updating"}
    )
    tags = [{"ResourceType": "export-image-task", "Tags": [{"Key": "made-by", "Value": "tests"}]}]
    task_id = exports.start_image(image, TagSpecifications=tags)
    exports.ec2.create_tags(Resources=[task_id], Tags=[{"Key": "color", "Value": "green"}])
    task = exports.end(task_id)

    assert (task["Status"], task["StatusMessage"]) == ("deleted", "ServerError: no luck")
    assert {tag["Key"]: tag["Value"] for tag in task["Tags"]} == {"made-by": "tests", "color": "green"}
    assert exports.keys(task_id) == []


def test_an_upload_survives_a_failing_part(exports: Exports, image: str, tmp_path: Path) -> None:
    error = {"Code": "InternalError", "Message": "We encountered an internal error.", "Status": 500}
    exports.cloud.front_door.faults.add({"Service": "s3", "Operation": "UploadPart", "Error": error})
    task_id = exports.start_image(image)
    assert exports.end(task_id)["Status"] == "completed"
    file = exported_files.stored_file(BUCKET, f"{PREFIX}{task_id}.vmdk", tmp_path)

    assert exported_files.compare(exports.volume, file, "VMDK") == "Images are identical."


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
def test_an_upload_that_is_refused_leaves_nothing(exports: Exports, image: str, operation: str) -> None:
    error = {"Code": "AccessDenied", "Message": "Access Denied", "Status": 403}
    exports.cloud.front_door.faults.add({"Service": "s3", "Operation": operation, "Error": error})
    task_id = exports.start_image(image)
    task = exports.end(task_id)

    assert task["Status"] == "deleted"
    assert task["StatusMessage"].endswith(f"the given resource {BUCKET}. Reason 403 AccessDenied")
    assert exports.keys(task_id) == []
