"""Volumes: what the partitions of all disks hold, logical volumes included."""
