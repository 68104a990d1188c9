"""``python -m vmie_runtime.inspect [--json] [--method M] [--region R] FILE|s3://BUCKET/KEY ...``.

Inspects the disk images of one machine, local or in S3, and says how it can be imported. Reads a few
megabytes at most. Exit status: 0 accepted, 1 doubtful, 2 rejected, 3 unreadable (or not asked properly).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn

from vmie_images import FileSource, ImageFile, Inspection, Verdict, inspect_containers
from vmie_images.budget import LOCAL
from vmie_runtime.object_checksum import checksum_of

UNREADABLE = 3
_STATUS = {Verdict.ACCEPTED: 0, Verdict.DOUBTFUL: 1, Verdict.REJECTED: 2}
_FORMATS = ("OVA", "VMDK", "VHD", "VHDX", "RAW")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Leave with a status of its own: argparse's 2 means a rejected image here."""
        self.print_usage(sys.stderr)
        self.exit(UNREADABLE, f"{self.prog}: {message}\n")


def main(arguments: list[str] | None = None, program: str = "vmie_runtime.inspect") -> int:
    """Inspect one machine's images and print what was found.

    Args:
        arguments: The command line. Default: the process's own.
        program: The command's name.

    Returns:
        The exit status.
    """
    options = _options(arguments, program)
    remote = any(image.startswith("s3://") for image in options.images)
    try:
        with ExitStack() as stack:
            files = [
                stack.enter_context(_open(image, options.region, options.format)) for image in options.images
            ]
            inspection = inspect_containers(
                files, budget=None if remote else LOCAL, region=options.region, digests=options.digests
            )
    except (OSError, _S3Error) as error:
        print(f"{program}: {' '.join(options.images)} cannot be read: {error}", file=sys.stderr)
        return UNREADABLE
    if options.json:
        print(json.dumps(inspection.to_document(), indent=2))
    else:
        print("\n".join(_report(inspection)))
    return _STATUS[inspection.verdicts[options.method]]


def _options(arguments: list[str] | None, program: str) -> argparse.Namespace:
    parser = _Parser(prog=program, description="Inspect disk images before they are imported.")
    parser.add_argument(
        "images",
        metavar="FILE|s3://BUCKET/KEY",
        nargs="+",
        help="the image; several are the disks of one machine, the first the one it starts from",
    )
    parser.add_argument("--json", action="store_true", help="print the inspection's document")
    parser.add_argument(
        "--region", type=_region, help="the Region that is to import it (and that holds the bucket)"
    )
    parser.add_argument(
        "--format", type=str.upper, choices=_FORMATS, help="the declared format; default: by the suffix"
    )
    parser.add_argument(
        "--method",
        choices=("image", "snapshot", "direct"),
        default="image",
        help="whose verdict the exit status is",
    )
    parser.add_argument(
        "--digests", action="store_true", help="check every digest of an OVA's manifest: reads it whole"
    )
    return parser.parse_args(arguments)


def _region(name: str) -> str:
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", name):
        raise argparse.ArgumentTypeError(f"{name!r} is no Region; a Region is called like eu-west-1")
    return name


class _S3Error(Exception):
    """S3 did not give the object."""


@contextmanager
def _open(image: str, region: str | None, expected: str | None) -> Iterator[ImageFile]:
    name = image.rstrip("/").rpartition("/")[2]
    if not image.startswith("s3://"):
        with FileSource(image) as source:
            yield ImageFile(source, name, expected)
        return
    # Only here: a local file needs no AWS.
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise _S3Error("reading from S3 needs boto3 (pip install 'vmie-constructs[cli]')") from error

    from vmie_runtime.errors import RequestFailure, TransientServiceError
    from vmie_runtime.image_source import S3ImageSource

    bucket, _, key = image.removeprefix("s3://").partition("/")
    try:
        s3 = boto3.client("s3", region_name=region)
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        etag = head["ETag"].strip('"')
        s3_source = S3ImageSource(s3, bucket=bucket, key=key, etag=etag, size=head["ContentLength"])
        yield ImageFile(s3_source, name, expected, checksum_of(head))
    except RequestFailure as error:
        raise _S3Error(error.text) from error
    except (BotoCoreError, ClientError, TransientServiceError) as error:
        raise _S3Error(str(error)) from error


def _report(inspection: Inspection) -> Iterator[str]:
    document = inspection.to_document()
    for disk in document["Disks"]:
        yield from _disk(disk)
    for file in document["Files"]:
        if file["Name"] not in {disk["File"] for disk in document["Disks"]}:
            yield f"{file['Name']}: {file['Format']}, {file['StoredSize']} bytes"
    guest = document["Guest"]
    if guest:
        known = (guest["PrettyName"], guest["Kernel"] and f"kernel {guest['Kernel']}", guest["Architecture"])
        yield f"Guest: {', '.join(part for part in known if part)}"
        modes = ", ".join(guest["BootModes"]) or "nothing found"
        yield f"Boots by: {modes} ({guest['Bootloader'] or 'unknown boot loader'})"
    for finding in document["Findings"]:
        where = f" [{finding['Disk']}]" if finding["Disk"] else ""
        yield f"\n{finding['Severity']}: {finding['Code']}{where}: {finding['Found']}"
        yield f"  Why: {finding['Why']}"
        yield f"  Remedy: {finding['Remedy']}"
    yield "\nVerdicts: " + ", ".join(
        f"{method} {verdict}" for method, verdict in document["Verdicts"].items()
    )
    advice = [f"{key} {value}" for key, value in document["Recommendation"].items() if value]
    if document["Recommendation"]["Method"]:
        yield "Recommendation: " + ", ".join(advice)
    for file in document["Files"]:
        if file["Checksum"]:
            yield f"S3's checksum of {file['Name']}: {file['Checksum']}"
    cost = document["Cost"]
    yield f"Read {cost['Bytes']} bytes in {cost['Gets']} requests."


def _disk(disk: dict[str, Any]) -> Iterator[str]:
    container = disk["Container"]
    kind = f"{container['Subtype']} {container['Format']}" if container["Subtype"] else container["Format"]
    yield f"{disk['Name']}: {kind}, {disk['VirtualSize']} bytes in {disk['StoredSize']}"
    for part in disk["Partitions"]:
        holds = part["Filesystem"] or "unknown content"
        label = f" {part['Label']!r}" if part["Label"] else ""
        place = f"{disk['PartitionTable']} {part['Number']}"
        yield f"  {place}: {part['Type']}, {part['Size']} bytes, {holds}{label}"
    for volume in disk["LogicalVolumes"]:
        yield f"  {volume['Name']}: {volume['Size']} bytes, {volume['Filesystem'] or 'unknown content'}"


if __name__ == "__main__":
    sys.exit(main())
