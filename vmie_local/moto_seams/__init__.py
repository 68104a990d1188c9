"""The only room that touches moto's internals.

Each row names one attribute of moto that is read or replaced, the signature it is expected to have and why it
is touched. The rows are their own contract test: `tests/unit/local/test_moto_seams.py` resolves every one
against the installed moto, so an upgrade of moto fails with the row's name instead of a strange error later.
"""

from vmie_local.moto_seams.seam import Seam, SeamError, replace, resolve

__all__ = ["Seam", "SeamError", "replace", "resolve"]
