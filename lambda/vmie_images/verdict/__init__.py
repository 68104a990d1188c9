"""From facts to findings, and from findings to a recommendation."""
