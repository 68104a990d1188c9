"""What is known not to be exported is refused with its reason, and its untouched twin is not."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.runtime.fake_dynamodb import refusal
from tests.unit.runtime.fake_exports import ACCOUNT, AMI, INSTANCE, ROOT, FakeExportEC2, FakeExportS3
from tests.unit.runtime.fakes import FakeSTS
from vmie_runtime.checks import Own
from vmie_runtime.checks.exports.examination import Reach, examine_export
from vmie_runtime.checks.exports.volumes import Volume
from vmie_runtime.diagnosis import Category, own_failure
from vmie_runtime.errors import RequestRejected, TransientServiceError
from vmie_runtime.request import OpenState, Request, Status
from vmie_runtime.request_documents import RequestDocument

ROOT_FOLDER = Path(__file__).resolve().parents[4]
OWN = Own(bucket="exports", region="us-east-1", account=ACCOUNT, role_name="vm-import")
SNAPSHOT = f"snap-{AMI}"
TASK = "import-ami-0a1b2c3d4e5f6071t"
NAMED = {"Name": "web-server"}
SECOND = {"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": SNAPSHOT}}
Change = Callable[["Cloud"], Any]


class Cloud:
    """An account with an AMI and an instance of it, which nothing keeps from being exported."""

    def __init__(self) -> None:
        self.ec2, self.s3, self.sts = FakeExportEC2(), FakeExportS3(), FakeSTS()
        self.imports: dict[str, Request] = {}
        self.ec2.add_exportable()
        self.ec2.add_instance()

    def find(self, request_id: str) -> Request | None:
        """A request of the pipeline, as its table has it."""
        return self.imports.get(request_id)

    def imported(self, options: dict[str, Any], *, open_state: OpenState | None = OpenState.LIVE) -> None:
        """Let the AMI be what an import has made."""
        self.image["Name"] = TASK
        self.ec2.add_task(TASK, tags={"vmie:request-id": "import-1"}, ImageId=AMI)
        container = {"Format": "vmdk", "UserBucket": {"S3Key": "disks/web.vmdk"}}
        self.imports["import-1"] = Request(
            id="import-1",
            source=None,
            status=Status.RUNNING,
            open_state=open_state,
            queued_at="2026-11-01T00:00:00Z",
            operation="ImportImage",
            parameters={"DiskContainers": [container]},
            options=options,
        )

    @property
    def image(self) -> dict[str, Any]:
        return self.ec2.images[AMI]

    @property
    def instance(self) -> dict[str, Any]:
        return self.ec2.machines[INSTANCE]

    @property
    def snapshot(self) -> dict[str, Any]:
        return self.ec2.described_snapshots[SNAPSHOT]

    @property
    def volume(self) -> dict[str, Any]:
        return self.ec2.volumes["vol-1"]

    def examine(self, operation: str, **options: Any) -> tuple[Volume, list[str]]:
        """The volume that would be exported, and the codes of what its owner is told."""
        parameters = {"ImageId": AMI} if operation == "ExportImage" else {"InstanceId": INSTANCE}
        document = RequestDocument(operation=operation, parameters=parameters, options=options)
        reach: Any = {"ec2": self.ec2, "s3": self.s3, "sts": self.sts, "requests": self}
        volume, advice = examine_export(document, Reach(**reach), OWN)
        assert all(each.message and each.remedy for each in advice)
        return volume, [each.code for each in advice]


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


OF_IMAGES: dict[str, tuple[Change, str]] = {
    "gone": (lambda cloud: cloud.ec2.images.clear(), "ExportedImageGone"),
    "pending": (lambda cloud: cloud.image.update(State="pending"), "ImageNotAvailable"),
    "disabled": (lambda cloud: cloud.image.update(State="disabled"), "ImageNotAvailable"),
    "of another account": (lambda cloud: cloud.image.update(OwnerId="999988887777"), "ImageOfAnotherAccount"),
    "of the Marketplace": (
        lambda cloud: cloud.image.update(
            ProductCodes=[{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}]
        ),
        "ProvidedSoftwareNotExportable",
    ),
    "Windows of AWS's": (
        lambda cloud: cloud.image.update(Platform="windows", UsageOperation="RunInstances:0002"),
        "ProvidedSoftwareNotExportable",
    ),
    "RHEL of AWS's": (
        lambda cloud: cloud.image.update(PlatformDetails="Red Hat", UsageOperation="RunInstances:0010"),
        "ProvidedSoftwareNotExportable",
    ),
    "for BIOS and UEFI": (
        lambda cloud: cloud.image.update(BootMode="uefi-preferred"),
        "HybridBootNotExportable",
    ),
    "in instance store": (
        lambda cloud: cloud.image.update(RootDeviceType="instance-store", BlockDeviceMappings=[]),
        "InstanceStoreNotExportable",
    ),
    "without its snapshot": (lambda cloud: cloud.ec2.described_snapshots.clear(), "SourceSnapshotGone"),
    "over a shared snapshot": (
        lambda cloud: cloud.snapshot.update(OwnerId="999988887777"),
        "ForeignSnapshotNotExportable",
    ),
    "encrypted": (lambda cloud: cloud.snapshot.update(Encrypted=True), "EncryptedImageNotExportable"),
    "encrypted by its mapping": (
        lambda cloud: cloud.image["BlockDeviceMappings"][0]["Ebs"].update(Encrypted=True),
        "EncryptedImageNotExportable",
    ),
    "of two disks": (
        lambda cloud: cloud.image["BlockDeviceMappings"].append(SECOND),
        "MultipleDisksNotExportable",
    ),
    "too large": (
        lambda cloud: cloud.image["BlockDeviceMappings"][0]["Ebs"].update(VolumeSize=1025),
        "VolumeTooLargeToExport",
    ),
}
OF_INSTANCES: dict[str, tuple[Change, str]] = {
    "gone": (lambda cloud: cloud.ec2.machines.clear(), "InstanceNotFound"),
    "terminated": (lambda cloud: cloud.instance.update(State={"Name": "terminated"}), "InstanceNotFound"),
    "stopping": (
        lambda cloud: cloud.instance.update(State={"Name": "stopping"}),
        "InstanceStateNotExportable",
    ),
    "running": (lambda cloud: cloud.instance.update(State={"Name": "running"}), "RebootNotAllowed"),
    "of the Marketplace": (
        lambda cloud: cloud.instance.update(ProductCodes=[{"ProductCodeId": "abc"}]),
        "ProvidedSoftwareNotExportable",
    ),
    "SQL Server of AWS's": (
        lambda cloud: cloud.instance.update(UsageOperation="RunInstances:0004"),
        "ProvidedSoftwareNotExportable",
    ),
    "in instance store": (
        lambda cloud: cloud.instance.update(RootDeviceType="instance-store", BlockDeviceMappings=[]),
        "InstanceStoreNotExportable",
    ),
    "launched with two volumes": (
        lambda cloud: cloud.ec2.attach(INSTANCE, "vol-2", "/dev/sdb", after=1),
        "MultipleVolumesNotExportable",
    ),
    "encrypted": (lambda cloud: cloud.volume.update(Encrypted=True), "EncryptedVolumeNotExportable"),
    "too large": (lambda cloud: cloud.volume.update(Size=1025), "VolumeTooLargeToExport"),
    "with two network interfaces": (
        lambda cloud: cloud.instance["NetworkInterfaces"].append({"NetworkInterfaceId": "eni-2"}),
        "MultipleInterfacesNotExportable",
    ),
    "without its AMI": (lambda cloud: cloud.ec2.images.clear(), "InstanceSourceGone"),
    "without its AMI's snapshot": (
        lambda cloud: cloud.ec2.described_snapshots.clear(),
        "InstanceSourceGone",
    ),
    "of somebody else's AMI": (
        lambda cloud: cloud.image.update(OwnerId="999988887777"),
        "ForeignSnapshotNotExportable",
    ),
    "of somebody else's snapshot": (
        lambda cloud: cloud.snapshot.update(OwnerId="999988887777"),
        "ForeignSnapshotNotExportable",
    ),
    "of an AMI for BIOS and UEFI": (
        lambda cloud: cloud.image.update(BootMode="uefi-preferred"),
        "HybridBootNotExportable",
    ),
}
OF_BUCKETS: dict[str, tuple[Change, str]] = {
    "of another account": (
        lambda cloud: setattr(cloud.s3, "owner", "999988887777"),
        "BucketOfAnotherAccount",
    ),
    "in another Region": (lambda cloud: setattr(cloud.s3, "location", "eu-central-1"), "BucketInOtherRegion"),
    "in another Region, by its old name": (
        lambda cloud: setattr(cloud.s3, "location", "EU"),
        "BucketInOtherRegion",
    ),
    "with KMS": (lambda cloud: setattr(cloud.s3, "algorithm", "aws:kms"), "ExportBucketEncrypted"),
    "with KMS twice": (lambda cloud: setattr(cloud.s3, "algorithm", "aws:kms:dsse"), "ExportBucketEncrypted"),
}
WITHOUT_ACLS = ["BucketOwnerEnforced", "ObjectWriter", None]


def rejection(cloud: Cloud, operation: str, **options: Any) -> RequestRejected:
    """What the examination refuses with; a diagnosis with a remedy belongs to it."""
    with pytest.raises(RequestRejected) as error:
        cloud.examine(operation, **options)
    diagnosis = own_failure(error.value.code, error.value.text, **error.value.facts)
    assert diagnosis.category is not Category.UNKNOWN
    assert diagnosis.remedy
    assert "docs.aws.amazon.com" in diagnosis.documentation
    return error.value


@pytest.mark.parametrize("operation", ["ExportImage", "CreateInstanceExportTask"])
def test_what_nothing_keeps_is_exported_without_a_word(cloud: Cloud, operation: str):
    volume, advice = cloud.examine(operation)

    assert (volume.size, volume.snapshot_id, advice) == (8, SNAPSHOT, [])


@pytest.mark.parametrize("kind", OF_IMAGES)
def test_an_ami_that_cannot_be_exported_is_refused(cloud: Cloud, kind: str):
    change, code = OF_IMAGES[kind]
    change(cloud)

    assert rejection(cloud, "ExportImage").code == code


def test_an_ami_that_a_copy_is_about_to_replace_is_refused(cloud: Cloud):
    cloud.imported(NAMED)

    refused = rejection(cloud, "ExportImage")

    assert refused.code == "InterimImage"
    assert "'web-server'" in refused.text


def test_the_ami_of_a_task_that_does_not_name_it_yet_is_refused_too(cloud: Cloud):
    cloud.imported(NAMED)
    del cloud.ec2.tasks[TASK]["ImageId"]

    assert rejection(cloud, "ExportImage").code == "InterimImage"


LASTING: dict[str, Change] = {
    "that keeps the name of its task": lambda cloud: cloud.imported({}),
    "of an import that has ended": lambda cloud: cloud.imported(NAMED, open_state=None),
    "of a request that nobody knows": lambda cloud: (cloud.imported(NAMED), cloud.imports.clear()),
    "of a task that EC2 has forgotten": lambda cloud: (cloud.imported(NAMED), cloud.ec2.tasks.clear()),
    "of a task started by hand": lambda cloud: (cloud.imported(NAMED), cloud.ec2.tags.clear()),
    "that only has such a name": lambda cloud: (
        cloud.imported(NAMED),
        cloud.ec2.tasks[TASK].update(ImageId="ami-another"),
    ),
}


@pytest.mark.parametrize("kind", LASTING)
def test_an_imported_ami_that_stays_is_exported(cloud: Cloud, kind: str):
    LASTING[kind](cloud)

    assert cloud.examine("ExportImage")[0].snapshot_id == SNAPSHOT


@pytest.mark.parametrize("kind", OF_INSTANCES)
def test_an_instance_that_cannot_be_exported_is_refused(cloud: Cloud, kind: str):
    change, code = OF_INSTANCES[kind]
    change(cloud)

    assert rejection(cloud, "CreateInstanceExportTask").code == code


@pytest.mark.parametrize("operation", ["ExportImage", "CreateInstanceExportTask"])
@pytest.mark.parametrize("kind", OF_BUCKETS)
def test_a_bucket_that_cannot_be_written_to_is_refused(cloud: Cloud, kind: str, operation: str):
    change, code = OF_BUCKETS[kind]
    change(cloud)

    assert rejection(cloud, operation).code == code


@pytest.mark.parametrize("ownership", WITHOUT_ACLS)
def test_a_bucket_without_acls_takes_no_instance_and_is_mentioned_for_an_ami(cloud: Cloud, ownership):
    cloud.s3.ownership = ownership

    assert rejection(cloud, "CreateInstanceExportTask").code == "ExportBucketOwnership"
    assert cloud.examine("ExportImage")[1] == ["BucketOwnershipUnusual"]


@pytest.mark.parametrize(("setting", "asked"), [("Location", 2), ("Encryption", 1), ("OwnershipControls", 1)])
def test_a_setting_that_may_not_be_read_proves_nothing(cloud: Cloud, setting: str, asked: int):
    refused = refusal("AccessDenied", f"GetBucket{setting}", status=403)
    cloud.s3.refusals.add(f"GetBucket{setting}", *[refused] * asked)

    assert cloud.examine("CreateInstanceExportTask")[1] == []


def test_a_bucket_without_a_default_encryption_is_fine(cloud: Cloud):
    cloud.s3.algorithm = None

    assert cloud.examine("ExportImage")[1] == []


def test_a_running_instance_is_exported_where_it_may_reboot(cloud: Cloud):
    cloud.instance.update(State={"Name": "running"})

    assert cloud.examine("CreateInstanceExportTask", AllowReboot=True)[0].volume_id == "vol-1"


def test_volumes_attached_after_the_launch_are_left_out_and_named(cloud: Cloud):
    cloud.ec2.attach(INSTANCE, "vol-2", "/dev/sdb", after=3600, Encrypted=True, Size=4096)

    volume, advice = cloud.examine("CreateInstanceExportTask")

    assert (volume.volume_id, advice) == ("vol-1", ["VolumesLeftOut"])


def test_an_instance_that_was_imported_as_one_has_no_ami_to_look_for(cloud: Cloud):
    """ImportInstance writes its volumes itself: no snapshot, and an AMI that EC2 shows nobody."""
    cloud.volume.pop("SnapshotId")
    cloud.ec2.images.clear()
    cloud.ec2.described_snapshots.clear()

    assert cloud.examine("CreateInstanceExportTask")[1] == []


def test_an_instance_of_a_disabled_ami_is_tried(cloud: Cloud):
    cloud.image.update(State="disabled")

    assert cloud.examine("CreateInstanceExportTask")[1] == ["ImageOfInstanceDisabled"]


def test_instance_store_that_the_ami_maps_is_mentioned(cloud: Cloud):
    cloud.image["BlockDeviceMappings"].append({"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"})

    assert cloud.examine("CreateInstanceExportTask")[1] == ["InstanceStoreMapped"]
    assert cloud.examine("ExportImage")[0].device == ROOT


@pytest.mark.parametrize("operation", ["ExportImage", "CreateInstanceExportTask"])
def test_windows_with_a_licence_of_ones_own_is_tried(cloud: Cloud, operation: str):
    for machine in (cloud.image, cloud.instance):
        machine.update(Platform="windows", UsageOperation="RunInstances:0800")

    assert cloud.examine(operation)[1] == ["WindowsMayNotBeExportable"]


def test_an_account_that_encrypts_by_default_is_mentioned(cloud: Cloud):
    cloud.ec2.encrypts_by_default = True

    assert cloud.examine("ExportImage")[1] == ["EncryptionByDefault"]


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("ec2", "DescribeImages"),
        ("ec2", "DescribeSnapshots"),
        ("ec2", "DescribeInstances"),
        ("ec2", "DescribeVolumes"),
        ("s3", "GetBucketEncryption"),
    ],
)
@pytest.mark.parametrize(
    "error",
    [
        refusal("RequestLimitExceeded", "Describe", status=503),
        EndpointConnectionError(endpoint_url="https://ec2"),
    ],
    ids=["throttled", "no answer"],
)
def test_what_could_not_be_looked_at_is_looked_at_again(cloud: Cloud, service, operation, error):
    getattr(cloud, service).refusals.add(operation, error)

    with pytest.raises(TransientServiceError):
        cloud.examine("CreateInstanceExportTask")
        cloud.examine("ExportImage")


def test_the_page_on_exports_has_every_refusal_and_every_piece_of_advice():
    page = (ROOT_FOLDER / "docs/exports.md").read_text(encoding="utf-8")
    sources = sorted((ROOT_FOLDER / "lambda/vmie_runtime/checks/exports").glob("*.py"))
    codes = {code for path in sources for code in _codes_of(path)}

    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in page} == set()


def _codes_of(path: Path) -> set[str]:
    codes = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        given = node.args[:1] if node.func.id == "RequestRejected" else named
        codes |= {str(each.value) for each in given if isinstance(each, ast.Constant)}
    return codes
