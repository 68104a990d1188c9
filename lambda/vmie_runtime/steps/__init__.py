"""The steps of the import's state machine, one module each."""
