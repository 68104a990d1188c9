"""EC2's AMIs, snapshots and volumes, as far as moto makes them too quickly, too empty or without a check."""

from vmie_local.ec2_storage.part import Ec2Storage

__all__ = ["Ec2Storage"]
