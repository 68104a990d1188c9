"""CreateInstanceExportTask: an instance becomes a disk image or an appliance in S3."""
