"""What the demo shows at its end, as rich renderables: pure functions of documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table

from vmie_local.cost import AS_OF, REGION, Bill, BillLine
from vmie_local.cost.prices import PRICES, Charge
from vmie_local.demo.disk_file import readable_size

_GB = 1 << 30
_DASH = "-"


def image_rows(image: Mapping[str, Any], stored_bytes: Mapping[str, int]) -> dict[str, str]:
    """An image of DescribeImages.

    Args:
        image: The image.
        stored_bytes: Bytes of written blocks by snapshot id, for those that are known.
    """
    rows = {
        "ImageId": image["ImageId"],
        "Name": image.get("Name", _DASH),
        "State": image.get("State", _DASH),
        "Architecture": image.get("Architecture", _DASH),
        "Platform": image.get("PlatformDetails") or image.get("Platform") or _DASH,
        "BootMode": image.get("BootMode") or "not set: the instance type's default",
        "RootDevice": f"{image.get('RootDeviceName', _DASH)} ({image.get('RootDeviceType', _DASH)})",
    }
    for mapping in image.get("BlockDeviceMappings", []):
        ebs = mapping.get("Ebs", {})
        snapshot = ebs.get("SnapshotId", _DASH)
        stored = f", {readable_size(stored_bytes[snapshot])} stored" if snapshot in stored_bytes else ""
        rows[f"Snapshot {mapping.get('DeviceName', '')}".strip()] = (
            f"{snapshot}, {ebs.get('VolumeSize', '?')} GiB volume{stored}"
        )
    tags = ", ".join(f"{tag['Key']}={tag['Value']}" for tag in image.get("Tags", []))
    rows["Tags"] = tags or "none"
    return rows


def result_text(document: Mapping[str, Any]) -> str:
    """A result document as JSON, without the inspection, which is long."""
    shown = {name: value for name, value in document.items() if name != "Inspection"}
    return json.dumps(shown, indent=2, ensure_ascii=False)


def inspection_line(document: Mapping[str, Any]) -> str:
    """What the inspection found, in one line; empty where there was none."""
    inspection = document.get("Inspection")
    if inspection is None:
        return ""
    guest = inspection.get("Guest") or {}
    name = " ".join(str(guest[part]) for part in ("Name", "Version") if guest.get(part)) or "guest unknown"
    findings = ", ".join(str(each.get("Code")) for each in inspection.get("Findings", [])) or "none"
    disks = len(inspection.get("Disks", []))
    return f"and its Inspection, not shown: {name}; disks: {disks}; findings: {findings}"


def failure_rows(error: Mapping[str, Any]) -> dict[str, str]:
    """The error of a result document."""
    names = ("Code", "Message", "Cause", "Remedy", "Documentation")
    return {name: _text(error[name]) for name in names if error.get(name)}


def bill_table(bill: Bill) -> RenderableType:
    """A bill, one charge a line."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_footer=True)
    table.add_column("Service", footer="Total")
    table.add_column("Quantity", justify="right")
    table.add_column("Unit", overflow="fold")
    table.add_column("US dollars", justify="right", footer=dollars(bill.dollars))
    seen = ""
    for line in bill.lines:
        service = line.price.service
        table.add_row(
            "" if service == seen else service, _quantity(line), str(line.charge), dollars(line.dollars)
        )
        seen = service
    return Padding(table, (0, 0, 0, 2), expand=False)


def bill_heading() -> str:
    """Where and when the prices hold."""
    return f"{REGION} list prices of {AS_OF}, first tier, no free tier; sources: docs/costs.md"


def storage_line(stored_bytes: int | None) -> str:
    """What the snapshots cost as long as they are kept.

    Args:
        stored_bytes: Bytes of written blocks; None where the disk was not decoded.
    """
    price = PRICES[Charge.SNAPSHOT_GB_MONTHS]
    rate = f"${price.dollars} per GB-month"
    if stored_bytes is None:
        return f"Keeping the snapshot: {rate} of written blocks, unknown here. VM Import itself is free."
    monthly = dollars(Decimal(stored_bytes) / _GB * price.per_unit)
    written = readable_size(stored_bytes)
    return f"Keeping the snapshot: {monthly} a month ({written} written, {rate}). VM Import itself is free."


def dollars(amount: Decimal) -> str:
    """US dollars; small amounts keep two significant digits."""
    if amount == 0:
        return "$0"
    if amount >= 1:
        return f"${amount:.2f}"
    digits = max(2, 1 - amount.adjusted())
    return f"${amount:.{digits}f}"


def _quantity(line: BillLine) -> str:
    if line.quantity == line.quantity.to_integral_value():
        return f"{int(line.quantity):,}"
    digits = max(2, 1 - line.quantity.adjusted())
    return f"{line.quantity:.{min(digits, 8)}f}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
