"""Reading files out of file systems, by paths."""
