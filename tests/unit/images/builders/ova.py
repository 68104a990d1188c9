"""OVA files, in memory."""

from __future__ import annotations

import hashlib
import io
import tarfile

OVF = """<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
 xmlns:vmw="http://www.vmware.com/schema/ovf">
 <References>{files}</References>
 <DiskSection><Info/>{disks}</DiskSection>
 <VirtualSystem ovf:id="web-1"><Info/>
  <OperatingSystemSection ovf:id="96" vmw:osType="debian12_64Guest"><Info/></OperatingSystemSection>
  <VirtualHardwareSection><Info/>
   <Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
   <Item><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>4096</rasd:VirtualQuantity></Item>
   <Item><rasd:ResourceType>10</rasd:ResourceType></Item>
   <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
  </VirtualHardwareSection>
 </VirtualSystem>
</Envelope>
"""


def ovf(disks: dict[str, bytes], attributes: str = "") -> bytes:
    """A descriptor of these disks; ``attributes`` are added to every ``File``."""
    files = "".join(
        f'<File ovf:href="{name}" ovf:id="file{n}" ovf:size="{len(data)}" {attributes}/>'
        for n, (name, data) in enumerate(disks.items())
    )
    references = "".join(
        f'<Disk ovf:capacity="8" ovf:diskId="vmdisk{n}" ovf:fileRef="file{n}"/>' for n in range(len(disks))
    )
    return OVF.format(files=files, disks=references).encode()


def manifest(members: dict[str, bytes], algorithm: str = "SHA256") -> bytes:
    """A manifest of these files."""
    return "".join(
        f"{algorithm}({name})= {hashlib.new(algorithm.lower(), data).hexdigest()}\n"
        for name, data in members.items()
    ).encode()


def archive(members: dict[str, bytes], layout: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar archive."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=layout) as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return output.getvalue()


def ova(disks: dict[str, bytes], attributes: str = "") -> bytes:
    """A whole OVA: descriptor, manifest, disks."""
    members = {"vm.ovf": ovf(disks, attributes)} | disks
    return archive({"vm.ovf": members["vm.ovf"], "vm.mf": manifest(members)} | disks)
