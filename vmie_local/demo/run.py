"""The demo itself: start, deploy, upload, follow, show."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vmie_local.cost import bill
from vmie_local.cost.metering import Meter
from vmie_local.demo import tables
from vmie_local.demo.disk_file import DiskFile
from vmie_local.demo.errors import DemoError
from vmie_local.demo.following import ImportFollower
from vmie_local.demo.pipeline import Pipeline
from vmie_local.demo.screen import Screen, aws_duration
from vmie_local.demo.upload import upload
from vmie_local.server import LocalAws
from vmie_local.settings import Settings

# 25 AWS minutes, what an import of a small image takes, pass in 15 seconds.
TIME_SCALE = 0.01
_NOT_PROVEN = (
    "A local run does not prove resource and key policies, your account's quotas, what AWS's own "
    "converter makes of your guest, or that it boots."
)


def run(disk: DiskFile, screen: Screen) -> str | None:
    """Import one disk image on a local AWS.

    Args:
        disk: The image.
        screen: Where to show it.

    Returns:
        The id of the AMI, or None where the import failed and the screen says why.

    Raises:
        DemoError: If the demo could not be done.
    """
    cloud = LocalAws(Settings(port=0, time_scale=TIME_SCALE, iam="enforce"))
    try:
        with screen.step("Start the local AWS") as tell:
            cloud.start()
            tell(f"{cloud.endpoint}, IAM enforced")
        return _import(cloud, disk, screen)
    finally:
        with _uninterrupted():
            cloud.stop()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C while everything is stopped would leave half of it running."""
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _import(cloud: LocalAws, disk: DiskFile, screen: Screen) -> str | None:
    pipeline = Pipeline.deploy(cloud, screen)
    meter = Meter(cloud)
    meter.start()
    with screen.transfer("Upload", disk.size, f"s3://{pipeline.bucket}/{disk.key}") as sent:
        upload(cloud, disk, pipeline.bucket, sent)
    document = _follow(cloud, disk, screen, pipeline.bucket)
    if document["Status"] != "Succeeded":
        _show_failure(document, screen)
        _show_limits(cloud, screen)
        return None
    usage = meter.usage()
    image_id = str(document["ImageId"])
    stored = _show_image(cloud, screen, image_id)
    screen.heading("Result", f"s3://{pipeline.bucket}/results/by-id/{document['RequestId']}.json")
    screen.json(tables.result_text(document))
    if inspection := tables.inspection_line(document):
        screen.note(inspection, style="dim")
    screen.heading("What this import would have cost in AWS", tables.bill_heading())
    screen.show(tables.bill_table(bill(usage)))
    decoded = cloud.vm_import.notice is None
    screen.note(tables.storage_line(sum(stored.values()) if decoded else None))
    _show_limits(cloud, screen)
    return image_id


def _follow(cloud: LocalAws, disk: DiskFile, screen: Screen, bucket: str) -> dict[str, Any]:
    screen.heading("Import", f"as EC2's task reports it; {1 / TIME_SCALE:.0f} s in AWS are 1 s here")
    began, began_here = cloud.clock.now(), time.monotonic()
    with screen.phases() as show:
        document = ImportFollower(cloud, bucket, disk.key).follow(show)
    elapsed, here = cloud.clock.now() - began, time.monotonic() - began_here
    summary = f"{document['Status']} after {aws_duration(elapsed)} of AWS time ({here:.1f} s here)"
    (screen.done if document["Status"] == "Succeeded" else screen.failed)(summary)
    return document


def _show_image(cloud: LocalAws, screen: Screen, image_id: str) -> dict[str, int]:
    """Returns the written bytes of each of the image's snapshots."""
    images = cloud.client("ec2").describe_images(ImageIds=[image_id])["Images"]
    if not images:
        raise DemoError(
            f"The result names {image_id}, which describe-images does not know.",
            "This is a fault of the local AWS; please report it with build/demo.log.",
        )
    devices = images[0].get("BlockDeviceMappings", [])
    snapshots = [device["Ebs"]["SnapshotId"] for device in devices if "Ebs" in device]
    stored = {snapshot: _stored_bytes(cloud, snapshot) for snapshot in snapshots}
    screen.heading("AMI", f"aws ec2 describe-images --image-ids {image_id}")
    screen.fields(tables.image_rows(images[0], stored if cloud.vm_import.notice is None else {}))
    return stored


def _stored_bytes(cloud: LocalAws, snapshot: str) -> int:
    """The blocks that EBS keeps: what a first snapshot is billed for."""
    ebs, stored = cloud.client("ebs"), 0
    request = {"SnapshotId": snapshot}
    while True:
        page = ebs.list_snapshot_blocks(**request)
        stored += len(page["Blocks"]) * int(page["BlockSize"])
        if not page.get("NextToken"):
            return stored
        request["NextToken"] = page["NextToken"]


def _show_failure(document: dict[str, Any], screen: Screen) -> None:
    screen.heading(f"The import ended as {document['Status']}")
    screen.fields(tables.failure_rows(document.get("Error", {"Code": "Unknown"})))


def _show_limits(cloud: LocalAws, screen: Screen) -> None:
    screen.line()
    screen.note(_NOT_PROVEN, style="dim")
    if cloud.vm_import.notice:
        screen.note(cloud.vm_import.notice, style="yellow")
