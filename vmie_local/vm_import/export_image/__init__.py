"""ExportImage: an AMI becomes a disk image in S3."""
