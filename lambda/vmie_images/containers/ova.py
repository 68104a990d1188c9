"""OVA files: the archive, its descriptor, its manifest and its disks.

A name in the descriptor is looked up among the archive's own members and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vmie_images.budget import off_the_clock
from vmie_images.containers.container import Container, DiskImage, Manifest
from vmie_images.containers.ova_manifest import digest_of, parse_manifest
from vmie_images.containers.ovf import MAX_OVF, OvfDescriptor, OvfFile, parse_ovf
from vmie_images.containers.tar import MAX_MEMBERS, TarMember, members
from vmie_images.errors import CorruptImageError
from vmie_images.findings import FindingLog
from vmie_images.ranges import RangeSource, Window, read_exactly

MAX_DISKS_READ = 24
MAX_FILES = MAX_MEMBERS
"""Files of a descriptor that are looked for in the archive."""
_CHUNK = re.compile(r"\.\d{9}$")
_DISK_SUFFIXES = (".vmdk", ".vhd", ".vhdx", ".img", ".raw", ".qcow2", ".vdi")

OpenDisk = Callable[[str, RangeSource, FindingLog], DiskImage]


def open_ova(
    source: RangeSource, log: FindingLog, open_disk: OpenDisk, whole: RangeSource | None = None
) -> Container:
    """Recognise an OVA, check it and open its disks.

    Args:
        source: The file.
        log: Receives what is wrong with it.
        open_disk: Opens a member as a disk.
        whole: The same file, to be read whole so that every digest of the manifest is checked. Default: only
            the descriptor's is.

    Raises:
        CorruptImageError: The archive or its descriptor cannot be read.
    """
    archive: dict[str, TarMember] = {}
    for member in members(source):
        archive.setdefault(member.name.removeprefix("./"), member)
    container = Container("OVA", source.size)
    for name, member in archive.items():
        if member.end > source.size:
            log.add(
                "OvaTruncated", f"{name!r} should end at byte {member.end}, the file ends at {source.size}"
            )
    descriptor = _descriptor(source, archive, log)
    if descriptor is not None:
        container.manifest = _check_manifest(source, archive, descriptor, log, whole)
    if descriptor is None:
        container.format = "OVA" if _suspected_disks(archive) else "tar archive"
        disks = _suspected_disks(archive)
    else:
        container.machine = descriptor.machine
        disks = _disks(descriptor, archive, log)
    for name in disks[:MAX_DISKS_READ]:
        member = archive[name]
        container.disks.append(open_disk(name, Window(source, member.start, member.size), log.for_disk(name)))
    log.add("OvaIsNotOneDisk", f"an archive of {len(disks)} disk{'s' * (len(disks) != 1)}")
    return container


def _named(archive: dict[str, TarMember], suffix: str) -> str | None:
    """The first member with a suffix, in any case."""
    return next((name for name in archive if name.lower().endswith(suffix)), None)


def _suspected_disks(archive: dict[str, TarMember]) -> list[str]:
    return [name for name in archive if name.lower().endswith(_DISK_SUFFIXES)]


def _descriptor(source: RangeSource, archive: dict[str, TarMember], log: FindingLog) -> OvfDescriptor | None:
    name = _named(archive, ".ovf")
    if name is None:
        listed = ", ".join(repr(member) for member in list(archive)[:6])
        log.add("OvaWithoutOvf", f"an archive without an .ovf file; it holds {listed or 'nothing'}")
        return None
    if archive[name].size > MAX_OVF:
        raise CorruptImageError(f"an OVF descriptor of {archive[name].size} bytes", "OvfInvalid")
    return parse_ovf(read_exactly(source, archive[name].start, archive[name].size, "OVF descriptor"))


def _disks(descriptor: OvfDescriptor, archive: dict[str, TarMember], log: FindingLog) -> list[str]:
    if not descriptor.disks:
        log.add("OvaWithoutDisk", "the descriptor's DiskSection names no file")
    chunks = sorted({_CHUNK.sub("", name) for name in archive if _CHUNK.search(name)})
    for name in chunks:
        log.add("OvaChunkedDisk", f"{name!r} is split over several members")
    named = set(descriptor.disks)
    for file in descriptor.files[:MAX_FILES]:
        _check_file(file, archive, chunks, log, file in named)
    if len(descriptor.files) > MAX_FILES:
        log.add(
            "InspectionIncomplete",
            f"the descriptor names {len(descriptor.files)} files, of which {MAX_FILES} were looked for",
        )
    return [file.href for file in dict.fromkeys(descriptor.disks) if file.href in archive]


def _check_file(
    file: OvfFile, archive: dict[str, TarMember], chunks: list[str], log: FindingLog, is_disk: bool
) -> None:
    if file.chunk_size is not None and file.href not in chunks:
        log.add(
            "OvaChunkedDisk", f"the descriptor gives {file.href!r} a chunk size of {file.chunk_size} bytes"
        )
    if file.compression not in (None, "", "identity"):
        log.add("OvaCompressedDisk", f"{file.href!r} is compressed with {file.compression}")
    member = archive.get(file.href)
    if member is None:
        if file.href not in chunks:
            # What the service says to a missing CD-ROM or NVRAM file is not known.
            log.doubting(not is_disk).add("OvaMissingFile", f"{file.href!r} is not in the archive")
    elif file.size is not None and file.size != member.size:
        log.add("OvaSizeMismatch", f"{file.href!r} has {member.size} bytes, the descriptor says {file.size}")


def _check_manifest(
    source: RangeSource,
    archive: dict[str, TarMember],
    descriptor: OvfDescriptor,
    log: FindingLog,
    whole: RangeSource | None,
) -> Manifest | None:
    name = _named(archive, ".mf")
    if name is None:
        log.add("OvaManifestMissing", "no .mf file in the archive")
        return None
    content = read_exactly(source, archive[name].start, min(archive[name].size, MAX_OVF), "OVF manifest")
    digests = parse_manifest(content)
    if not digests:
        log.add("OvaManifestInvalid", f"{name!r} lists no digest in SHA-1, SHA-256 or SHA-512")
        return None
    unlisted = [file.href for file in descriptor.files if file.href in archive and file.href not in digests]
    if unlisted:
        log.add("OvaManifestIncomplete", f"the manifest does not list {', '.join(map(repr, unlisted[:4]))}")
    listed = [member for member in digests if member in archive]
    checked = [member for member in listed if whole is not None or member == _named(archive, ".ovf")]
    for member in checked:
        algorithm, expected = digests[member]
        if whole is None:
            found = digest_of(algorithm, source, archive[member])
        else:
            with off_the_clock():
                found = digest_of(algorithm, whole, archive[member])
        if found != expected:
            log.add("OvaManifestInvalid", f"{member!r} has another digest than the manifest says")
    return Manifest(tuple(checked), tuple(member for member in listed if member not in checked))
