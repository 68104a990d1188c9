import io
import json
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console, RenderableType

from vmie_local.cost import Charge, Usage, bill
from vmie_local.demo import tables

IMAGE: dict[str, Any] = {
    "ImageId": "ami-0123456789abcdef0",
    "Name": "import-ami-0123",
    "State": "available",
    "Architecture": "x86_64",
    "BootMode": "uefi",
    "RootDeviceName": "/dev/sda1",
    "RootDeviceType": "ebs",
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8}},
        {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
    ],
    "Tags": [{"Key": "team", "Value": "web"}],
}


def rendered(renderable: RenderableType, width: int = 80) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=False).print(renderable)
    return stream.getvalue().splitlines()


def row(lines: list[str], name: str) -> str:
    return next(line for line in lines if line.strip().startswith(name))


def test_an_image_is_shown_as_describe_images_sees_it() -> None:
    rows = tables.image_rows(IMAGE, {"snap-1": 3 << 20})

    assert rows["ImageId"] == "ami-0123456789abcdef0"
    assert rows["BootMode"] == "uefi"
    assert rows["RootDevice"] == "/dev/sda1 (ebs)"
    assert rows["Snapshot /dev/sda1"] == "snap-1, 8 GiB volume, 3.0 MiB stored"
    assert rows["Tags"] == "team=web"


def test_what_an_image_lacks_is_said() -> None:
    rows = tables.image_rows({"ImageId": "ami-1"}, {})

    assert "not set" in rows["BootMode"]
    assert rows["Tags"] == "none"


def test_a_failure_shows_each_part_that_there_is() -> None:
    error = {"Code": "NoDisk", "Message": "m", "Cause": "", "Remedy": "Export it again", "Other": "o"}

    assert tables.failure_rows(error) == {"Code": "NoDisk", "Message": "m", "Remedy": "Export it again"}


def test_a_bill_names_quantities_and_the_total() -> None:
    usage = Usage(
        {Charge.STATE_TRANSITIONS: 1200, Charge.LAMBDA_REQUESTS: 7, Charge.LOG_GB: Decimal("0.0000012")}
    )

    lines = rendered(tables.bill_table(bill(usage)))

    assert row(lines, "Step Functions").split()[2:] == ["1,200", "state", "transitions", "$0.030"]
    assert row(lines, "Total").split() == ["Total", "$0.030"]
    assert any("0.0000012" in line for line in lines)


def test_a_bill_fits_80_columns() -> None:
    usage = Usage(dict.fromkeys(Charge, Decimal("123456.789")))

    assert max(len(line) for line in rendered(tables.bill_table(bill(usage)), width=80)) <= 80


def test_storage_is_priced_by_the_written_gigabytes() -> None:
    line = tables.storage_line(2 << 30)

    assert "$0.10 a month" in line and "2.0 GiB written" in line and "VM Import itself is free" in line


def test_storage_of_a_disk_that_was_not_decoded_is_not_guessed() -> None:
    line = tables.storage_line(None)

    assert "unknown here" in line and "$0.05 per GB-month" in line


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0"),
        ("12.346", "$12.35"),
        ("0.25", "$0.25"),
        ("0.0012345", "$0.0012"),
        ("0.00000021", "$0.00000021"),
    ],
)
def test_small_amounts_keep_two_digits(amount: str, text: str) -> None:
    assert tables.dollars(Decimal(amount)) == text


def test_the_result_is_json_without_the_inspection_which_is_summed_up() -> None:
    document = {
        "Status": "Succeeded",
        "Inspection": {
            "Disks": [{"Name": "disk.vmdk"}],
            "Guest": {"Name": "Debian", "Version": "13"},
            "Findings": [{"Code": "NoUefi"}],
        },
    }

    assert json.loads(tables.result_text(document)) == {"Status": "Succeeded"}
    summary = tables.inspection_line(document)
    assert "Debian 13" in summary and "disks: 1" in summary and "findings: NoUefi" in summary


def test_a_result_without_an_inspection_says_nothing_about_one() -> None:
    assert tables.inspection_line({"Status": "Succeeded"}) == ""
