"""Disks made by other people's tools, to hold the inspection's readers against."""
