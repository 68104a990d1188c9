"""ImportSnapshot: a disk image in S3 becomes an EBS snapshot."""
