"""Exports in a deployed pipeline."""
