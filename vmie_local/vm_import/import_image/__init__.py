"""ImportImage: disk images in S3, or EBS snapshots, become an AMI."""
