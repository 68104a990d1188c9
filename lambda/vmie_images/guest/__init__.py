"""The guest on the disks: which system it is, how it boots, what it brings along."""
