"""Instances and images that cannot be exported."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

MEANINGS = (
    Meaning(
        code="EncryptedImageNotExportable",
        category=Category.IMAGE,
        texts=(
            "The image ID (ami-0123456789abcdef0) provided has encrypted EBS block devices and is not "
            "exportable.",
        ),
        pattern=r"(?:\((?P<image>ami-[^)]+)\)[^.]*)?has encrypted EBS block devices",
        cause="The image has encrypted snapshots, and VM Import/Export exports none.",
        found="It is {image}.",
        remedy="A copy of an encrypted snapshot stays encrypted: start an instance from the image, copy "
        "its data to an unencrypted volume, and make a new image of that. Where the account encrypts by "
        "default, do it in a Region or account that does not.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="MultipleVolumesNotExportable",
        category=Category.IMAGE,
        texts=("This instance has multiple volumes attached. Please remove additional volumes.",),
        pattern=r"has multiple volumes attached",
        cause="The instance has more than its root volume, and an instance export takes that one only.",
        remedy="Detach the other volumes for the export; take their data out by exporting an image of "
        "each, or by copying it to the root volume.",
        documentation=links.EXPORT_ERRORS,
    ),
    Meaning(
        code="ForeignSnapshotNotExportable",
        category=Category.LICENCE,
        texts=(
            "The snapshot ID (snap-0123456789abcdef0) of the instance neither is owned by current user nor "
            "had been previously imported through VMIE.",
        ),
        pattern=r"(?:\((?P<snapshot>snap-[^)]+)\)[^.]*)?neither is owned by current user nor had been",
        cause="The instance was started from an image of somebody else: AWS, the Marketplace or another "
        "account.",
        found="The snapshot is {snapshot}.",
        remedy="Only instances from your own images, without third-party software that AWS provides "
        "(Windows, SQL Server, Marketplace products), can be exported. Make an image of your own where the "
        "licence allows it.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
    Meaning(
        code="NotExportable",
        category=Category.LICENCE,
        texts=("This instance cannot be exported.", "Only imported instances can be exported"),
        pattern=r"This instance cannot be exported|Only imported instances can be exported",
        aws_codes=("NotExportable",),
        cause="This instance or image is of a kind that VM Import/Export does not export: with licensed "
        "software that AWS provides, encrypted or instance-store volumes, several network interfaces, "
        "volumes above 1 TiB, or from an image that is shared or gone.",
        remedy="Compare it with the considerations for exports. Where software that AWS provides is in the "
        "way, move the data to a guest that you installed yourself.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
)
