"""An OVA: a tar with the OVF descriptor first, then the manifest, then the disk (DMTF DSP0243)."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from vmie_local.vm_import.exports.ports import Machine
from vmie_local.vm_import.phases import GIB

_USTAR_LIMIT = 8 << 30
_LINUX_64, _OTHER_64 = 101, 102
"""Operating systems of CIM (CIM_OperatingSystem.OsType)."""
_DISK_FORMAT = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"
_DESCRIPTOR = """<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
  xmlns:vmw="http://www.vmware.com/schema/ovf"
  xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References>
    <File ovf:href={disk_file} ovf:id="file1" ovf:size="{stored}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:capacity="{capacity}" ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:format="{disk_format}"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="VM Network"><Description>The network of the machine</Description></Network>
  </NetworkSection>
  <VirtualSystem ovf:id={system}>
    <Info>A virtual machine</Info>
    <Name>{name}</Name>
    <OperatingSystemSection ovf:id="{os_type}">
      <Info>The guest operating system</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual hardware family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>{name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-10</vssd:VirtualSystemType>
      </System>
{items}{firmware}    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
"""


def pack(machine: Machine, name: str, capacity: int, vmdk: Path, target: Path) -> None:
    """Write an OVA of one disk.

    Args:
        machine: What the descriptor tells of.
        name: What the members' names begin with.
        capacity: GiB that the guest sees.
        vmdk: The disk, stream-optimized.
        target: The file to write.
    """
    disk_name = f"{name}-disk1.vmdk"
    descriptor = describe(machine, disk_name, vmdk.stat().st_size, capacity * GIB).encode()
    manifest = (
        f"SHA256({name}.ovf)= {hashlib.sha256(descriptor).hexdigest()}\n"
        f"SHA256({disk_name})= {_digest(vmdk)}\n"
    ).encode()
    # Ustar, as the specification wants it, has no larger members.
    layout = tarfile.USTAR_FORMAT if vmdk.stat().st_size < _USTAR_LIMIT else tarfile.GNU_FORMAT
    with tarfile.open(target, "w", format=layout) as archive:
        for member, content in ((f"{name}.ovf", descriptor), (f"{name}.mf", manifest)):
            entry = tarfile.TarInfo(member)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
        entry = tarfile.TarInfo(disk_name)
        entry.size, entry.mode = vmdk.stat().st_size, 0o644
        with vmdk.open("rb") as disk:
            archive.addfile(entry, disk)


def describe(machine: Machine, disk_name: str, stored: int, capacity: int) -> str:
    """The OVF descriptor of a machine with one disk.

    Args:
        machine: Its processors, memory, operating system and firmware.
        disk_name: The member that holds the disk.
        stored: Bytes of that member.
        capacity: Bytes that the guest sees.
    """
    items = [
        _item(1, 3, f"{machine.cpus} virtual CPU(s)", VirtualQuantity=machine.cpus),
        _item(
            2,
            4,
            f"{machine.memory} MB of memory",
            AllocationUnits="byte * 2^20",
            VirtualQuantity=machine.memory,
        ),
        _item(3, 6, "SCSI controller", Address=0, ResourceSubType="lsilogic"),
        _item(4, 17, "Hard disk 1", AddressOnParent=0, HostResource="ovf:/disk/vmdisk1", Parent=3),
        _item(
            5,
            10,
            "Network adapter 1",
            AutomaticAllocation="true",
            Connection="VM Network",
            ResourceSubType="E1000",
        ),
    ]
    firmware = '      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>\n'
    return _DESCRIPTOR.format(
        disk_file=quoteattr(disk_name),
        stored=stored,
        capacity=capacity,
        disk_format=_DISK_FORMAT,
        system=quoteattr(machine.id),
        name=escape(machine.name or machine.id),
        os_type=_OTHER_64 if machine.windows else _LINUX_64,
        items="".join(items),
        firmware=firmware if machine.boot_mode == "uefi" else "",
    )


def _item(instance_id: int, resource_type: int, name: str, **more: object) -> str:
    """One piece of hardware, its elements in the order of their names, as CIM wants them."""
    elements = {"ElementName": name, "InstanceID": instance_id, "ResourceType": resource_type, **more}
    lines = [
        f"        <rasd:{element}>{escape(str(elements[element]))}</rasd:{element}>\n"
        for element in sorted(elements)
    ]
    return f"      <Item>\n{''.join(lines)}      </Item>\n"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
