"""Container formats: what a file is, whether it is whole, and the disk inside."""
