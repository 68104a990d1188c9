"""Imports of instances and volumes on a deployment whose owner allows a zone, with IAM enforced."""

from __future__ import annotations

import json
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmarks.deployed import tasks_last
from tests.local import vm_disks
from tests.local.pipeline.conftest import ZONE
from tests.local.pipeline.harness import Pipeline, eventually
from tests.local.pipeline.leavings import leavings
from tests.local.pipeline.privileges import denied_calls
from tests.local.vm_disks import needs_disk_tools
from tests.unit.images.builders.partitioned import MIB

ROOT = Path(__file__).parents[3]
REQUESTS = ROOT / "examples" / "requests"
HOUR = 3600
WAITING = {"Delay": 0.1, "MaxAttempts": 900}

pytestmark = needs_disk_tools


class Conversions(Pipeline):
    """The pipeline, and what EC2 knows of its conversion tasks."""

    boot: bytes
    data: bytes

    def tasks(self) -> list[dict[str, Any]]:
        """Its conversion tasks, each with a `Status` as other tasks have one."""
        words = {"cancelling": "deleting", "cancelled": "deleted"}
        found = []
        for task in self.ec2.describe_conversion_tasks()["ConversionTasks"]:
            detail = task.get("ImportInstance") or task["ImportVolume"]
            if f"(vmie {self.table} " in detail.get("Description", ""):
                tags = [{"Key": "vmie:request-id", "Value": detail["Description"].split()[-2]}]
                found.append({**task, "Status": words.get(task["State"], task["State"]), "Tags": tags})
        return found

    def ask(self, name: str, document: Any) -> str:
        """Drop a request file; its key."""
        key = f"requests/{name}.json"
        self.upload(key, json.dumps(document).encode())
        return key

    def instance(self, instance_id: str) -> dict[str, Any]:
        (reservation,) = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
        found: dict[str, Any] = reservation["Instances"][0]
        return found

    def volumes(self) -> dict[str, dict[str, Any]]:
        """Every volume that carries the workflow's tag."""
        ours = [{"Name": "tag:vmie:workflow", "Values": [self.table]}]
        return {each["VolumeId"]: each for each in self.ec2.describe_volumes(Filters=ours)["Volumes"]}

    def live_instances(self) -> dict[str, str]:
        """The request of every instance that carries the workflow's tag and is not terminated."""
        ours = [{"Name": "tag:vmie:workflow", "Values": [self.table]}]
        return {
            instance["InstanceId"]: next(
                tag["Value"] for tag in instance["Tags"] if tag["Key"] == "vmie:request-id"
            )
            for each in self.ec2.describe_instances(Filters=ours)["Reservations"]
            for instance in each["Instances"]
            if instance["State"]["Name"] != "terminated"
        }

    def instances_of_failures(self) -> set[str]:
        """Instances that exist although the request that they were made for did not succeed."""
        succeeded = {item["Id"] for item in self.requests() if item["Status"] == "Succeeded"}
        return {name for name, request_id in self.live_instances().items() if request_id not in succeeded}

    def scratch(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="scratch/").get("Contents", [])
        return [each["Key"] for each in listed]

    def manifest(self, request_id: str) -> ElementTree.Element:
        """The newest manifest that was written for a request, which may be deleted by now."""
        versions = self.s3.list_object_versions(Bucket=self.bucket, Prefix=f"scratch/{request_id}/")
        newest = versions["Versions"][0]
        body = self.s3.get_object(Bucket=self.bucket, Key=newest["Key"], VersionId=newest["VersionId"])[
            "Body"
        ].read()
        return ElementTree.fromstring(body)  # noqa: S314 - our own

    def holds(self, volume_id: str, disk: bytes) -> bool:
        """Tell whether a volume holds a disk, and zeros behind it."""
        snapshot = self.ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"]
        self.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig=WAITING)
        data, _ = vm_disks.read_snapshot(self.cloud.client("ebs"), snapshot)
        self.ec2.delete_snapshot(SnapshotId=snapshot)
        return data[: len(disk)].ljust(len(disk), b"\0") == disk and not any(data[len(disk) :])


@pytest.fixture(scope="module")
def allowing(generous_stack: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Conversions:
    """The stack whose owner allows a zone, with the disks of a VM in its bucket."""
    found = Conversions(generous_stack.cloud, generous_stack.outputs)
    boot = vm_disks.make_raw(tmp_path_factory.mktemp("boot"))
    data = tmp_path_factory.mktemp("data") / "data.raw"
    data.write_bytes(random.Random(8).randbytes(4 * MIB))  # noqa: S311 - test data
    found.boot, found.data = boot.read_bytes(), data.read_bytes()
    for key, path in {
        "disks/web-1.vmdk": vm_disks.convert(boot, "vmdk"),
        "disks/web-1-data.vmdk": vm_disks.convert(data, "vmdk"),
        "disks/web-1-data.vhd": vm_disks.convert(data, "vhd"),
        "disks/web-1-data.raw": data,
    }.items():
        found.upload(key, path.read_bytes())
    return found


@pytest.fixture
def conversions(allowing: Conversions) -> Iterator[Conversions]:
    with allowing.with_rounds():
        yield allowing
        allowing.clear_faults()
        try:
            eventually(allowing.settled, "nothing running, waiting or held")
        except AssertionError:
            pytest.fail(f"The test left something behind: {leavings(allowing)}")
    assert allowing.scratch() == []
    assert allowing.instances_of_failures() == set()
    assert denied_calls(allowing) == {}


def volume_request(url: str = "s3:///disks/web-1-data.vhd", **changes: Any) -> dict[str, Any]:
    return {
        "AvailabilityZone": ZONE,
        "Image": {"Format": url.rsplit(".", 1)[1].upper(), "ImportManifestUrl": url},
        "Volume": {"Size": 1},
        **changes,
    }


def instance_request(*urls: str, **changes: Any) -> dict[str, Any]:
    return {
        "Description": "web server",
        "Platform": "Linux",
        "LaunchSpecification": {"InstanceType": "m3.medium", "Placement": {"AvailabilityZone": ZONE}},
        "DiskImages": [
            {
                "Image": {"Format": url.rsplit(".", 1)[1].upper(), "ImportManifestUrl": url},
                "Volume": {"Size": 1},
            }
            for url in urls or ("s3:///disks/web-1.vmdk",)
        ],
        **changes,
    }


def test_a_volume_holds_the_disk_and_nobody_learns_a_url(conversions: Conversions) -> None:
    key = "requests/import-volume.json"
    with conversions.listening() as listen:
        conversions.upload(key, (REQUESTS / "import-volume.json").read_bytes())
        result = conversions.ended(key)
        eventually(
            lambda: any(event["detail-type"] == "VM Import Succeeded" for event in listen()), "the last event"
        )
        events = listen()

    assert result["Status"] == "Succeeded", result
    (volume_id,) = result["VolumeIds"]
    volume = conversions.volumes()[volume_id]
    assert (volume["AvailabilityZone"], volume["Size"], volume["State"]) == (ZONE, 1, "available")
    tags = {tag["Key"]: tag["Value"] for tag in volume["Tags"]}
    assert tags["vmie:request-id"] == result["RequestId"]
    assert conversions.holds(volume_id, conversions.data)
    assert result["ImportTaskId"].startswith("import-vol-")
    told = [result, conversions.items(), history(conversions, result), events, logs(conversions)]
    assert all(told)
    assert "Signature=" not in json.dumps(told, default=str)


def history(pipeline: Pipeline, result: dict[str, Any]) -> list[Any]:
    pages = pipeline.states.get_paginator("get_execution_history").paginate(
        executionArn=result["ExecutionArn"]
    )
    return [event for page in pages for event in page["events"]]


def logs(pipeline: Pipeline) -> list[str]:
    """Every line that the stack's functions have logged."""
    client, stack = pipeline.cloud.client("logs"), pipeline.table.partition("-")[0]
    groups = client.get_paginator("describe_log_groups").paginate()
    return [
        event["message"]
        for page in groups
        for group in page["logGroups"]
        if stack in group["logGroupName"]
        for event in client.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]


def test_the_manifest_deletes_scratch_only_and_lasts_an_hour_at_most(conversions: Conversions) -> None:
    other = f"s3://{conversions.bucket}/disks/web-1-data.vhd"
    result = conversions.ended(conversions.ask("manifest", volume_request(other)))
    manifest = conversions.manifest(result["RequestId"])

    assert result["Status"] == "Succeeded", result
    deleted = [each.text or "" for each in manifest.iter() if each.tag in ("delete-url", "self-destruct-url")]
    assert len(deleted) == 2
    assert all(f"/scratch/{result['RequestId']}/1/0/" in url for url in deleted)
    urls = [each.text or "" for each in manifest.iter() if each.tag.endswith("-url")]
    assert {int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0]) <= HOUR for url in urls} == {True}
    assert conversions.s3.head_object(Bucket=conversions.bucket, Key="disks/web-1-data.vhd")


def test_the_documented_instance_becomes_a_stopped_one_and_an_ami_of_both_disks(
    conversions: Conversions,
) -> None:
    key = "requests/import-instance.json"
    with tasks_last(120):  # Its URLs last an hour, which is ten seconds here.
        conversions.upload(key, (REQUESTS / "import-instance.json").read_bytes())
        result = conversions.ended(key)

    assert result["Status"] == "Succeeded", result
    instance = conversions.instance(result["InstanceId"])
    assert instance["State"]["Name"] == "stopped"
    assert {tag["Key"]: tag["Value"] for tag in instance["Tags"]}["Name"] == "web-1.vmdk"
    attached = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in instance["BlockDeviceMappings"]}
    assert list(attached) == ["/dev/sda1", "/dev/sdf"]
    assert sorted(attached.values()) == sorted(result["VolumeIds"])
    (image,) = conversions.ec2.describe_images(ImageIds=[result["ImageId"]])["Images"]
    assert image["Name"] == "web-1"
    assert [each["DeviceName"] for each in image["BlockDeviceMappings"]] == ["/dev/sda1", "/dev/sdf"]
    assert conversions.holds(attached["/dev/sda1"], conversions.boot)
    assert conversions.holds(attached["/dev/sdf"], conversions.data)
    starting = conversions.calls(operation="StartInstances")
    assert starting == []


def test_a_cancelled_import_leaves_neither_instance_nor_volume(conversions: Conversions) -> None:
    before = (set(conversions.volumes()), set(conversions.live_instances()))
    key = conversions.ask("cancelled", instance_request())
    conversions.running(key)
    conversions.s3.delete_object(Bucket=conversions.bucket, Key=key)
    result = conversions.ended(key)

    assert result["Status"] == "Cancelled", result
    assert (set(conversions.volumes()), set(conversions.live_instances())) == before


def test_a_failure_of_a_further_disk_removes_the_instance_too(conversions: Conversions) -> None:
    before = (set(conversions.volumes()), set(conversions.live_instances()))
    conversions.inject("ImportVolume", StatusMessage="ClientError: Footers not identical")
    urls = ("s3:///disks/web-1.vmdk", "s3:///disks/web-1-data.vhd")
    result = conversions.ended(conversions.ask("half", instance_request(*urls)))

    assert (result["Status"], result["Error"]["Message"]) == ("Failed", "ClientError: Footers not identical")
    eventually(
        lambda: (set(conversions.volumes()), set(conversions.live_instances())) == before, "nothing left"
    )


REFUSED = {
    "another zone": (volume_request(AvailabilityZone="us-east-1b"), "AvailabilityZoneNotAllowed"),
    "no zone": (
        instance_request(LaunchSpecification={"InstanceType": "m3.medium"}),
        "AvailabilityZoneNotAllowed",
    ),
    "a longer deadline than URLs last": (volume_request(Vmie={"Deadline": "PT2H"}), "DeadlineBeyondUrls"),
    "another bucket": (volume_request("s3://somebody-elses/disk.raw"), "SourceNotAllowed"),
    "no disk": (volume_request("s3:///disks/none.raw"), "SourceMissing"),
    "a disk among the manifests": (volume_request("s3:///scratch/disk.raw"), "SourceInScratch"),
    "an instance type of today": (
        instance_request(
            LaunchSpecification={"InstanceType": "m7i.large", "Placement": {"AvailabilityZone": ZONE}}
        ),
        "LinuxInstanceType",
    ),
    "a size that the disk has not": (
        volume_request(
            Image={"Format": "RAW", "Bytes": 512, "ImportManifestUrl": "s3:///disks/web-1-data.raw"}
        ),
        "DiskSizeMismatch",
    ),
}


def test_what_cannot_be_imported_is_refused_before_any_task(conversions: Conversions) -> None:
    conversions.upload("scratch/disk.raw", b"\0" * 512)
    before = len(conversions.tasks())
    keys = {name: conversions.ask(f"refused-{name}", asked) for name, (asked, _) in REFUSED.items()}
    results = {name: conversions.ended(key) for name, key in keys.items()}
    conversions.s3.delete_object(Bucket=conversions.bucket, Key="scratch/disk.raw")

    codes = {name: (each["Status"], each["Error"]["Code"]) for name, each in results.items()}
    assert codes == {name: ("Rejected", code) for name, (_, code) in REFUSED.items()}
    assert len(conversions.tasks()) == before
    assert all(each["Error"]["Remedy"] for each in results.values())


def test_a_step_that_died_after_the_call_finds_its_task_again(conversions: Conversions) -> None:
    before = len(conversions.tasks())
    kill = conversions.cloud.functions.kill_when("StartTask", "ec2", "ImportVolume")
    result = conversions.ended(conversions.ask("killed", volume_request()))

    assert result["Status"] == "Succeeded", result
    assert len(kill.happened) == 1
    assert len(conversions.tasks()) == before + 1
