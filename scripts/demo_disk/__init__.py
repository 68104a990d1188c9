"""The recipe of ``examples/images/demo-linux.vmdk``."""
