"""What the checks before an export's start find wrong, and what is wrong with what an export wrote."""

from __future__ import annotations

from vmie_runtime.diagnosis import links
from vmie_runtime.diagnosis.model import Category, Meaning

_IMAGE_OF_INSTANCE = "`aws ec2 create-image --instance-id …`"

SOURCES = (
    Meaning(
        code="ExportedImageGone",
        category=Category.REQUEST,
        cause="There is no such AMI in this Region that the account may see: it was deregistered, or is in "
        "another Region. VM Import/Export exports an AMI that exists.",
        found="It was named {image}.",
        remedy="`aws ec2 describe-images --image-ids …` in the Region of the request must list it. Where an "
        f"instance of it still exists, make an AMI of that ({_IMAGE_OF_INSTANCE}) and export that.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="ImageNotAvailable",
        category=Category.REQUEST,
        cause="The AMI is not available: it is still being made, failed, or was disabled.",
        found="It is {state}.",
        remedy="Wait until it is (`aws ec2 wait image-available --image-ids …`), enable it where it was "
        "disabled, then ask for the export again.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="InterimImage",
        category=Category.REQUEST,
        cause="An import of this pipeline has made the AMI on its way to one with a name: EC2 names what it "
        "imports after the task, so a copy takes its place, and it is deregistered.",
        found="The copy is named {name}, the import is the request {request}.",
        remedy="Export the AMI with the name: the `ImageId` of the import's result. Where a rule asked "
        "(`on_image_available`) there is nothing to do, that AMI has an event of its own.",
        documentation=links.IMPORT_IMAGE,
    ),
    Meaning(
        code="ImageOfAnotherAccount",
        category=Category.LICENCE,
        cause="The AMI is shared by another account, or public. VM Import/Export exports AMIs of the account "
        "only.",
        found="It belongs to {owner}.",
        remedy="Export it in the account that it belongs to, or copy it to this one where its licence and "
        "its owner allow that (`aws ec2 copy-image`), and export the copy.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="SourceSnapshotGone",
        category=Category.STORAGE,
        cause="The AMI's snapshot does not exist any more, or this account may not see it.",
        found="It is {snapshot}.",
        remedy="Restore the snapshot where the Recycle Bin still has it. Where an instance of the AMI still "
        f"exists, make a new AMI of it ({_IMAGE_OF_INSTANCE}) and export that.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="InstanceSourceGone",
        category=Category.STORAGE,
        cause="An instance cannot be exported once the AMI that it was launched from, or that AMI's "
        "snapshot, was deleted.",
        found="What is gone is the {gone}.",
        remedy=f"Make an AMI of the instance ({_IMAGE_OF_INSTANCE}) and export that: `ImageId` with "
        "`DiskImageFormat`.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
    Meaning(
        code="InstanceStateNotExportable",
        category=Category.REQUEST,
        cause="An instance is exported while it runs or is stopped, not in between.",
        found="It is {state}.",
        remedy="Wait until it is stopped (`aws ec2 wait instance-stopped --instance-ids …`) or running, then "
        "ask again.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
    Meaning(
        code="RebootNotAllowed",
        category=Category.REQUEST,
        cause="An instance may reboot while it is exported, and the request does not say that this one may.",
        remedy='Say `"Vmie": {"AllowReboot": true}` where some downtime is acceptable. Or stop the instance '
        "first; or make an AMI of it without a reboot (`aws ec2 create-image --no-reboot`) and export that.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
)

MACHINES = (
    Meaning(
        code="ProvidedSoftwareNotExportable",
        category=Category.LICENCE,
        cause="VM Import/Export exports nothing with third-party software that AWS provides: no Windows or "
        "SQL Server with a licence of AWS's, no subscription that AWS bills, nothing of AWS Marketplace.",
        found="It {software}.",
        remedy="Move what is yours (data, applications) to a guest that you installed and license yourself. "
        "Copying the AMI or its snapshot does not take the product code off.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="InstanceStoreNotExportable",
        category=Category.IMAGE,
        cause="The machine's root device is an instance store volume, which VM Import/Export does not "
        "export.",
        remedy="Copy its file system to an EBS volume and register an AMI of that volume's snapshot; then "
        "export that AMI.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
    Meaning(
        code="MultipleDisksNotExportable",
        category=Category.IMAGE,
        cause="The AMI has more than one disk, and an export writes one file of one disk.",
        remedy="Register an AMI of each snapshot by itself (`aws ec2 register-image --block-device-mappings "
        "DeviceName=/dev/sda1,Ebs={SnapshotId=…}`), and export one after the other.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="MultipleInterfacesNotExportable",
        category=Category.REQUEST,
        cause="The instance has more than one network interface, and VM Import/Export exports none such.",
        remedy="Detach all but the first (`aws ec2 detach-network-interface`) for the time of the export, or "
        f"make an AMI of the instance ({_IMAGE_OF_INSTANCE}) and export that.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
    Meaning(
        code="EncryptedVolumeNotExportable",
        category=Category.IMAGE,
        cause="The instance's volume is encrypted, and VM Import/Export exports none such.",
        found="It is {volume}.",
        remedy="A copy of an encrypted volume stays encrypted: attach an unencrypted one, copy the data over "
        "from within, and make an AMI of that. Where the account encrypts by default, do it in a Region or "
        "account that does not.",
        documentation=links.INSTANCE_EXPORT_LIMITS,
    ),
    Meaning(
        code="VolumeTooLargeToExport",
        category=Category.IMAGE,
        cause="The volume is larger than 1 TiB, the most that VM Import/Export exports.",
        found="It is {volume}.",
        remedy="Copy what is on it to a smaller volume, move data to others, and export an AMI of that.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="HybridBootNotExportable",
        category=Category.IMAGE,
        cause="The machine is made to boot by UEFI and by BIOS. Exports support no such hybrid: GRUB 2 must "
        "be set up for the one or for the other.",
        remedy="Set GRUB up for one of them in the guest, then register an AMI of its snapshot with that "
        "`--boot-mode` (`uefi` or `legacy-bios`) and export that.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
)

FILES = (
    Meaning(
        code="BucketOfAnotherAccount",
        category=Category.STORAGE,
        cause="The export bucket belongs to another account. VM Import/Export writes to buckets of the "
        "account that exports only.",
        found="The bucket is {bucket}, and not of the account {account}.",
        remedy="Give the stack an export bucket of its own account, and copy or replicate the files to the "
        "other account from there.",
        documentation=links.INSTANCE_EXPORT_PREREQUISITES,
    ),
    Meaning(
        code="ExportBucketEncrypted",
        category=Category.STORAGE,
        cause="The export bucket encrypts with KMS by default; VM Import/Export writes to buckets with "
        "SSE-S3 only.",
        found="The bucket is {bucket}.",
        remedy="Set the bucket's default encryption to SSE-S3 (`aws s3api put-bucket-encryption`, "
        "`SSEAlgorithm` AES256), or export to another bucket and copy the file over afterwards.",
        documentation=links.IMAGE_EXPORT_LIMITS,
    ),
    Meaning(
        code="ExportBucketOwnership",
        category=Category.STORAGE,
        cause="Instances are exported by a service that hands its file over to the bucket's owner by an ACL; "
        "this bucket takes no ACLs, or leaves the file to who wrote it.",
        found="The bucket's object ownership is {found}.",
        remedy="Set it to BucketOwnerPreferred (`aws s3api put-bucket-ownership-controls`), and grant the "
        "service what `ExportBucket.grantee_statements` lists.",
        documentation=links.INSTANCE_EXPORT_PREREQUISITES,
    ),
    Meaning(
        code="ExportedFileMissing",
        category=Category.SERVICE,
        cause="EC2 says that the export has completed, and the bucket does not have the file: it was removed "
        "meanwhile, by somebody or a lifecycle rule, or never written.",
        found="It is {uri}.",
        remedy="Look for who removed it (CloudTrail data events, the bucket's lifecycle), then ask again. An "
        "object that was only hidden by a delete marker can be brought back.",
    ),
    Meaning(
        code="ExportedFileTruncated",
        category=Category.SERVICE,
        cause="EC2 says that the export has completed, and the file is smaller than what was exported.",
        found="It was {uri}.",
        remedy="Ask again; if it happens again, report it to AWS Support with the task's id.",
    ),
)

MEANINGS = SOURCES + MACHINES + FILES
