"""The IAM actions that the checks of the account call, for the role of the function that makes them."""

from __future__ import annotations

REQUIRED_ACTIONS: dict[str, str] = {
    "ec2:GetEbsDefaultKmsKeyId": "*",
    "ec2:GetEbsEncryptionByDefault": "*",
    "kms:DescribeKey": "the keys that requests may name, and the account's default EBS key",
    "kms:GetKeyPolicy": "the same keys, as far as they are the account's own",
}
"""Action → what it is needed on. Where one is refused the check concerned proves nothing and says so.

`sts:GetCallerIdentity` is called too and needs no permission: no policy can deny it (IAM User Guide).
"""
