"""Partition tables."""
