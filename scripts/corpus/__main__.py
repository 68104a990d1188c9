"""Build the corpus and hold the inspection against it: ``python -m scripts.corpus``."""
