"""Disk images as VM Import/Export takes them: what a file really is, and its decoding with `qemu-img`."""
