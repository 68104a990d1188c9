"""What AWS is recorded to say: user guide, EC2's list of error codes, public threads. Data of the tests."""

from __future__ import annotations

# Ends of tasks: StatusMessage of a task whose Status is deleted.
TASK_TEXTS = {
    "ClientError: Disk validation failed [Unsupported VMDK File Format]": "UnsupportedVmdkSubtype",
    "ClientError: Disk validation failed "
    "[OVF file parsing error: OVA with chunked disk files is not supported]": "ChunkedOva",
    "ClientError: Disk validation failed "
    "[We do not have access to the given resource. Reason 403 Forbidden]": "SourceForbidden",
    "ClientError: Disk validation failed [Unsupported specified file format]": "FormatMismatch",
    "ClientError: Unknown OS / Missing OS files.": "UnknownOperatingSystem",
    "ClientError: Unknown OS / Missing OS files": "UnknownOperatingSystem",
    "ClientError: No valid partitions. Not a valid volume.": "NoValidPartitions",
    "ClientError: Unsupported kernel version 5.8.0-59-generic": "UnsupportedKernel",
    "ClientError: Unsupported kernel version 4.19.90-23.8.v2101.ky10.x86_64": "UnsupportedKernel",
    "ClientError: Unsupported kernel version": "UnsupportedKernel",
    "ClientError: Unable to determine kernel version.": "KernelNotFound",
    "ClientError: Multiple different grub/menu.lst files found.": "MultipleBootMenus",
    "ClientError: Multiple different grub/menu.lst files found": "MultipleBootMenus",
    "ClientError: EFI partition detected. UEFI booting is not supported in EC2.": "UefiNotSupported",
    "ClientError: Footers not identical": "VhdFooterMismatch",
    "ClientError: Uncompressed data has an invalid length": "CorruptVmdk",
    "ClientError: Invalid configuration - Could not read fstab": "UnreadableFstab",
    "ClientError: BLSC-style GRUB found, but unable to detect default kernel": "DefaultKernelNotFound",
    "ClientError: We were unable to read your import's initramfs/initrd to determine what drivers your "
    "import "
    "requires to run in EC2": "UnreadableInitramfs",
    "ClientError: Unsupported configuration - Logical volume group activation failed": "LvmActivationFailed",
    "ClientError: Unsupported configuration - Multiple directories found": "MultipleRootFilesystems",
    "ClientError: Booter Networking failure/instance not reachable. Please retry after installation of .Net "
    "framework 3.5 SP1 or greater.": "DotNetFrameworkMissing",
    "FirstBootFailure: This import request failed because the Windows instance failed to boot and establish "
    "network connectivity.": "FirstBootFailure",
    "FirstBootFailure: This import request failed because the instance failed to boot and establish network "
    "connectivity.": "FirstBootFailure",
}

# Errors of calls: operation, Code, Message.
CALL_TEXTS = {
    (
        "ImportImage",
        "InvalidParameter",
        "The service role vmimport provided does not exist or does not have sufficient permissions",
    ): "ServiceRoleRejected",
    (
        "ImportImage",
        "InvalidParameter",
        "The service role <vmimport> does not exist or does not have sufficient permissions for the "
        "service to continue",
    ): "ServiceRoleRejected",
    (
        "ImportImage",
        "InvalidParameter",
        "The service role VmImportExport-VmieRole0A1B2C3D-AbCdEfGhIjKl provided does not exist or does not "
        "have sufficient permissions",
    ): "ServiceRoleRejected",
    (
        "ImportImage",
        "InvalidParameter",
        "The given S3 object is not local to the region",
    ): "BucketInOtherRegion",
    (
        "CreateInstanceExportTask",
        "InvalidParameter",
        "The given S3 object is not local to the region.",
    ): "BucketInOtherRegion",
    (
        "ImportSnapshot",
        "InvalidParameter",
        "The given S3 bucket (my-images) is not local to the region.",
    ): "BucketInOtherRegion",
    (
        "ImportInstance",
        "InvalidParameter",
        "The given S3 bucket is not local to the Region",
    ): "BucketInOtherRegion",
    (
        "ImportInstance",
        "",
        "ERROR: Bucket my-images is not in the eu-west-1 Region, it's in us-east-1",
    ): "BucketInOtherRegion",
    (
        "ImportImage",
        "InvalidParameter",
        "Parameter disk-image-size=0 has an invalid format",
    ): "UnsupportedDiskFormat",
    (
        "ExportImage",
        "InvalidParameter",
        "The image ID (ami-0123456789abcdef0) provided has encrypted EBS block devices and is not "
        "exportable.",
    ): "EncryptedImageNotExportable",
    (
        "ImportImage",
        "InvalidParameterValue",
        "The specified KMS key is not accessible. If this is a default EBS CMK, please retry your request "
        "without specifying the key explicitly",
    ): "KeyNotAccessible",
    (
        "CreateInstanceExportTask",
        "AuthFailure",
        "vm-import-export@amazon.com must have WRITE and READ_ACL permission on the S3 bucket.",
    ): "ExportBucketGrant",
    ("ImportImage", "AuthFailure", "This request has been administratively disabled."): "OperationDisabled",
    (
        "CreateInstanceExportTask",
        "NotExportable",
        "This instance has multiple volumes attached. Please remove additional volumes.",
    ): "MultipleVolumesNotExportable",
    (
        "CreateInstanceExportTask",
        "Client.UnsupportedOperation",
        "This instance has multiple volumes attached. Please remove additional volumes.",
    ): "MultipleVolumesNotExportable",
    (
        "CreateInstanceExportTask",
        "NotExportable",
        "The snapshot ID (snap-0123456789abcdef0) of the instance neither is owned by current user nor had "
        "been previously imported through VMIE.",
    ): "ForeignSnapshotNotExportable",
    (
        "CreateInstanceExportTask",
        "Client.NotExportable",
        "This instance cannot be exported.",
    ): "NotExportable",
    ("CreateInstanceExportTask", "NotExportable", "Only imported instances can be exported"): "NotExportable",
    ("CreateInstanceExportTask", "NotExportable", "Something new."): "NotExportable",
    ("ImportInstance", "Unsupported", "No bootable partition found."): "NoBootablePartition",
    ("ImportInstance", "", "Invalid S3 source location"): "InvalidSourceLocation",
    ("ImportInstance", "", "ERROR: File uses unsupported compression algorithm 0"): "UncompressedVmdk",
    ("ImportInstance", "", "Linux is not supported on the requested instance"): "LinuxInstanceType",
    (
        "StartInstances",
        "InvalidParameterValue",
        "Error starting instances: Invalid value i-0123456789abcdef0 for instanceId. Instance does not "
        "have a volume attached at root (/dev/sda1).",
    ): "InstanceNotReady",
    (
        "CreateRole",
        "MalformedPolicyDocument",
        "A client error (MalformedPolicyDocument) occurred when calling the CreateRole operation: Syntax "
        "errors in policy",
    ): "MalformedPolicyDocument",
    (
        "ImportImage",
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. User: "
        "arn:aws:sts::111122223333:assumed-role/start/x is not authorized to perform: ec2:ImportImage",
    ): "UnauthorizedOperation",
    (
        "ImportImage",
        "DryRunOperation",
        "Request would have succeeded, but DryRun flag is set.",
    ): "DryRunSucceeded",
    ("CancelConversionTask", "DeleteConversionTaskError", "The conversion task cannot be canceled."): (
        "TaskNotCancellable"
    ),
    (
        "AttachVolume",
        "InvalidParameterValue",
        "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use",
    ): "DeviceTaken",
    ("DescribeImages", "RequestLimitExceeded", "Request limit exceeded."): "Throttled",
}

# Codes whose message is not recorded.
CALL_CODES = {
    "ResourceCountLimitExceeded": "TaskQuotaExceeded",
    "InvalidConversionTaskId": "UnknownTask",
    "InvalidConversionTaskId.Malformed": "UnknownTask",
    "InvalidExportTaskID.NotFound": "UnknownTask",
    "InvalidExportTaskID.Malformed": "UnknownTask",
    "DeleteConversionTaskError": "TaskNotCancellable",
    "InvalidFormat": "InvalidFormat",
    "DiskImageSizeTooLarge": "DiskTooLarge",
    "InaccessibleStorageLocation": "InvalidSourceLocation",
    "IdempotentParameterMismatch": "ClientTokenReused",
    "ResourceLimitExceeded": "ResourceQuotaExceeded",
    "InsufficientCapacity": "InsufficientCapacity",
    "PendingSnapshotLimitExceeded": "SnapshotsUnderWay",
    "ConcurrentSnapshotLimitExceeded": "SnapshotsUnderWay",
    "InvalidAMIID.NotFound": "ImageNotFound",
    "InvalidSnapshot.NotFound": "SnapshotNotFound",
    "InvalidPaginationToken": "InvalidRequest",
    "MissingParameter": "InvalidRequest",
    "UnknownParameter": "InvalidRequest",
    "InvalidParameter": "InvalidRequest",
    "InvalidParameterValue": "InvalidRequest",
    "CustomerKeyHasBeenRevoked": "KeyRevoked",
    "InvalidKmsKey.InvalidState": "KeyNotAccessible",
    "TagPolicyViolation": "TagPolicyViolation",
    "RegionDisabledException": "StsInactive",
    "UnauthorizedOperation": "UnauthorizedOperation",
    "DryRunOperation": "DryRunSucceeded",
    "AuthFailure": "CredentialsRejected",
    "NotExportable": "NotExportable",
    "Unsupported": "InvalidRequest",
    "InternalError": "ServiceUnavailable",
    "Server.InternalError": "ServiceUnavailable",
    "ServiceUnavailable": "ServiceUnavailable",
    "Unavailable": "ServiceUnavailable",
    "503": "ServiceUnavailable",
    "599": "ServiceUnavailable",
    "Throttling": "Throttled",
    "EndpointConnectionError": "ConnectionFailed",
    "ReadTimeoutError": "ConnectionFailed",
    # What follows an import: images registered and copied, volumes made and attached.
    "InvalidAMIName.Duplicate": "ImageNameTaken",
    "InvalidAMIName.Malformed": "InvalidImageName",
    "InvalidBlockDeviceMapping": "InvalidBlockDevices",
    "InvalidZone.NotFound": "ZoneNotFound",
    "InvalidVolume.NotFound": "VolumeNotFound",
    "InvalidVolume.ZoneMismatch": "VolumeZoneMismatch",
    "InvalidAttachment.NotFound": "VolumeNotFound",
    "InvalidInstanceID.NotFound": "InstanceNotFound",
    "UnknownVolumeType": "InvalidVolumeType",
    "VolumeInUse": "ResourceInUse",
    "IncorrectState": "ResourceInUse",
    "AttachmentLimitExceeded": "ResourceQuotaExceeded",
    # Codes of EC2's naming that no row lists.
    "InvalidSubnetID.NotFound": "InvalidRequest",
    "VpcLimitExceeded": "ResourceQuotaExceeded",
}
